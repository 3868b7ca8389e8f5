import { isDigit, isLetter, LF, MINUS, PLUS, SLASH, UNDERSCORE } from "../bytes/ascii";
import { JsonReader } from "../json/reader";
import { Strings, Token } from "../json/tokens";
import { TextMeter } from "./text-meter";

/** Bytes of a name or number that was cut or holds escapes; nobody looks at them. */
const TEXT_LIMIT: i32 = 64;
/** A string that begins with so many letters and digits, and goes on, is no text but an encoded file. */
const FILE_START: i32 = 256;
/** What an encoded file is taken for: a picture of 200 KB is about 300 tokens, one of 1 MB about 1,400. */
const FILE_BYTES_PER_TOKEN: i64 = 1024;
/** `data:image/png;base64,` and the like. */
const MAX_DATA_PREFIX: i32 = 64;

/** Bodies of at most so many bytes are held. */
const MAX_HELD: i32 = 8 << 10;

const BOUNDARY: usize = memory.data<u8>([LF]);

/**
 * Estimates the input of a call from the body of its request, while it passes: the text of all its strings. That is more
 * than the prompt by the model's name, roles and types, and less by what the provider puts around each message, which
 * is about as much. Pictures, audio and files come in base64 and are not billed by their length, so they count little.
 * What is not JSON counts nothing.
 *
 * Few requests are estimated, so a body is only held at first, and read when the estimate is asked for, or when it turns
 * out to be long: then the size of its text has to be found as it passes. While what is held is read, its text moves to
 * the front of the same memory, which it can, since JSON is never shorter than the text in it.
 *
 * A meter is made once and used for one request after the other; about 8.5 KB, whatever the body.
 */
@final
export class RequestMeter {
  private reader: JsonReader = new JsonReader(TEXT_LIMIT);
  private text: TextMeter = new TextMeter(MAX_HELD);
  /** How many bytes are held, or -1 once they have been read. */
  private held: i32 = 0;
  private fileBytes: i64 = 0;
  /** Whether the string that is read is an encoded file. */
  private inFile: bool = false;
  /** The reader's offset since which the string is only measured, or -1. */
  private droppedFrom: i64 = -1;

  /** Frees the memory; the meter must not be used after that. */
  dispose(): void {
    this.reader.dispose();
    this.text.dispose();
  }

  /** Starts a new request. */
  begin(): void {
    this.reader.begin();
    this.reader.strings = Strings.Stream;
    this.text.begin();
    this.held = 0;
    this.fileBytes = 0;
    this.inFile = false;
    this.droppedFrom = -1;
  }

  /** Takes the next `len` bytes of the body at `ptr`, borrowed for the call. */
  feed(ptr: usize, len: i32): void {
    if (this.held >= 0 && len <= MAX_HELD - this.held) {
      memory.copy(this.text.memory + this.held, ptr, len);
      this.held += len;
      return;
    }
    this.readHeld();
    this.read(ptr, len);
  }

  private readHeld(): void {
    const held = this.held;
    this.held = -1;
    if (held > 0) this.read(this.text.memory, held);
  }

  private read(ptr: usize, len: i32): void {
    const reader = this.reader;
    reader.feed(ptr, len);
    let token = reader.next();
    while (token > Token.Malformed) {
      if (token == Token.Part) this.part(reader.text.ptr, reader.text.length);
      else if (token == Token.String) this.endString();
      token = reader.next();
    }
  }

  /** The estimate for what was fed so far, but for a string that goes on. */
  get tokens(): i64 {
    this.readHeld();
    return this.text.tokens + this.fileBytes / FILE_BYTES_PER_TOKEN;
  }

  private part(ptr: usize, len: i32): void {
    if (len > FILE_START + MAX_DATA_PREFIX) this.inFile = looksEncoded(ptr + MAX_DATA_PREFIX);
    if (this.inFile) this.fileBytes += len;
    else this.text.feed(ptr, len);
    // Of the rest of the string, only the size matters: it is found without looking at what stands between.
    if (!this.inFile && !this.text.isFull) return;
    this.reader.strings = Strings.Drop;
    this.droppedFrom = this.reader.offset;
  }

  private endString(): void {
    if (this.droppedFrom >= 0) {
      const size = this.reader.offset - this.droppedFrom - 1;
      if (this.inFile) this.fileBytes += size;
      else this.text.skip(size);
      this.reader.strings = Strings.Stream;
      this.droppedFrom = -1;
    }
    if (!this.inFile) this.text.feed(BOUNDARY, 1);
    this.inFile = false;
  }
}

/** Whether the `FILE_START` bytes at `ptr` are of the alphabet of base64, with nothing between them. */
function looksEncoded(ptr: usize): bool {
  for (let i = 0; i < FILE_START; ++i) {
    const c = load<u8>(ptr + i);
    if (!isLetter(c) && !isDigit(c) && c != PLUS && c != SLASH && c != MINUS && c != UNDERSCORE) return false;
  }
  return true;
}
