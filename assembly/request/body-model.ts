import { inLowerCase } from "../bytes/ascii";
import { dropBlanks, skipBlanks } from "../bytes/blanks";
import { Bytes, copyOf, equals } from "../bytes/bytes";
import { JsonReader } from "../json/reader";
import { JsonText } from "../json/text";
import { Strings, Token } from "../json/tokens";
import { AMBIGUOUS } from "./answers";
import { Name, nameOf } from "./cap-names";

/** The longest name of a model, in bytes. Longer ones are not known. */
const MAX_MODEL: i32 = 256;

/** The name of a model as it is compared: in lower case, without blanks around it; null if it is empty or too long. */
export function modelText(ptr: usize, len: i32): Bytes | null {
  const from = skipBlanks(ptr, ptr + len);
  const size = <i32>(dropBlanks(from, ptr + len) - from);
  return size == 0 || size > MAX_MODEL ? null : inLowerCase(copyOf(from, size));
}

/**
 * Reads from the body of a request, while that passes, which model it is for: its member `model`, however some server may spell
 * that. Nothing is believed of a body that is not a JSON object, as forms and compressed bodies are not, nor of a name that is no
 * string. Several different names are `AMBIGUOUS`, because servers differ in which they use.
 *
 * Call `begin`, then `feed` with each piece, which may be cut anywhere, then `finish`. One object serves one request after the
 * other. Memory: about 600 bytes for any body; `dispose` frees it.
 */
@final
export class BodyModel {
  private reader: JsonReader = new JsonReader(MAX_MODEL);
  private name: Bytes | null = null;
  private isModel: bool = false;
  /** Whether some name cannot be read, or the body is no JSON object. */
  private isUnclear: bool = false;
  private isComplete: bool = false;

  dispose(): void {
    this.reader.dispose();
  }

  begin(): void {
    this.reader.feed(0, 0);
    this.reader.begin();
    this.name = null;
    this.isModel = this.isUnclear = this.isComplete = false;
  }

  /** Reads the next `len` bytes of the body, at `ptr`, which are borrowed for the call. */
  feed(ptr: usize, len: i32): void {
    if (this.isUnclear || len <= 0) return;
    this.reader.feed(ptr, len);
    this.read();
  }

  /** The body has ended. @returns its model, `AMBIGUOUS`, or null if that is not known */
  finish(): Bytes | null {
    this.reader.finish();
    this.read();
    return this.isComplete && !this.isUnclear ? this.name : null;
  }

  private read(): void {
    while (!this.isUnclear) {
      const token = this.reader.next();
      if (token > Token.Malformed) {
        this.take(token);
        continue;
      }
      if (token == Token.Malformed) this.isUnclear = true;
      this.isComplete = token == Token.End;
      return;
    }
  }

  private take(token: Token): void {
    const reader = this.reader;
    if (token == Token.Key) {
      const text = reader.text;
      this.isModel = !text.truncated && nameOf(text.ptr, text.length) == Name.Model;
      if (this.isModel) reader.strings = Strings.Keep;
      else reader.pass();
    } else if (token == Token.ObjectStart && reader.depth == 1) {
      return;
    } else if (token != Token.ObjectEnd) {
      // The root is no object, or what should be the name is no string.
      this.add(this.isModel && token == Token.String ? reader.text : null);
    }
  }

  private add(text: JsonText | null): void {
    const name = text !== null && !text.truncated ? modelText(text.ptr, text.length) : null;
    const known = this.name;
    if (name === null) this.isUnclear = true;
    else if (known === null || equals(known, name)) this.name = name;
    else this.name = AMBIGUOUS;
  }
}
