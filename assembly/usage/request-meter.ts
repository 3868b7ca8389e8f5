import { JsonReader } from "../json/reader";
import { Strings, Token } from "../json/tokens";
import { TokenEstimator } from "./estimator";

/** Bytes of a name or number that was cut or holds escapes; nobody looks at them. */
const TEXT_LIMIT: i32 = 64;

/**
 * Estimates the input of a call from the body of its request, while it passes: the text of all its strings. That is more
 * than the prompt by the model's name, roles and types, and less by what the provider puts around each message, which
 * is about as much. What is not JSON counts nothing.
 *
 * A meter is made once and used for one request after the other; about 500 bytes, whatever the body.
 */
@final
export class RequestMeter {
  private reader: JsonReader = new JsonReader(TEXT_LIMIT);
  private estimator: TokenEstimator = new TokenEstimator();

  /** Frees the memory; the meter must not be used after that. */
  dispose(): void {
    this.reader.dispose();
  }

  /** Starts a new request. */
  begin(): void {
    this.reader.begin();
    this.reader.strings = Strings.Stream;
    this.estimator.clear();
  }

  /** Reads the next `len` bytes of the body at `ptr`, borrowed for the call. */
  feed(ptr: usize, len: i32): void {
    const reader = this.reader;
    reader.feed(ptr, len);
    let token = reader.next();
    while (token > Token.Malformed) {
      if (token == Token.Part) this.estimator.feed(reader.text.ptr, reader.text.length);
      else if (token == Token.String) this.estimator.boundary();
      token = reader.next();
    }
  }

  /** The estimate for what was read so far. */
  get tokens(): i64 {
    return this.estimator.tokens;
  }
}
