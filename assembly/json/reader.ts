import * as ascii from "../bytes/ascii";
import { JsonLexer, Lexeme } from "./lexer";
import { mayHaveName } from "./names";
import { findClosingQuote, findScalarEnd, findStringEnd } from "./scan";
import { SkippedValue } from "./skip";
import { JsonError, Token } from "./tokens";

/** The most containers that may be open at once, not counting skipped ones. */
export const MAX_DEPTH: i32 = 64;

/** What the grammar allows next. */
const enum Place {
  Value,
  /** After `[`. */
  ValueOrEnd,
  /** After `{`. */
  KeyOrEnd,
  /** After a comma in an object. */
  Key,
  Colon,
  /** The same for a member that is skipped. */
  PassedColon,
  PassedValue,
  CommaOrEnd,
  /** After the value of the whole text. */
  Done,
  Broken,
}

/**
 * An incremental pull reader for JSON (RFC 8259). `feed` takes bytes in pieces, which may be cut anywhere, and `next` returns
 * tokens. It does not recurse, it allocates nothing for a token, and no input makes it trap.
 *
 *     reader.begin();
 *     reader.feed(ptr, len);
 *     for (let token = reader.next(); token > Token.Malformed; token = reader.next()) { ... }
 *     // Token.More: feed again, or finish() and continue
 *
 * A number is reported once the byte after it is known (or after `finish`), so a number that is cut is never taken for a
 * smaller one. Some parts of RFC 8259 are not checked, because the text is not used: the inside of skipped values, control
 * characters in names and dropped strings, and escapes in dropped strings. Invalid UTF-8 passes unchanged.
 *
 * Memory: about 200 bytes, and a buffer of `textLimit` bytes for text that has escapes or is cut. The class is unmanaged,
 * because the garbage collector's bookkeeping at each call took four fifths of the time; `dispose` frees it.
 */
@final
@unmanaged
export class JsonReader extends JsonLexer {
  /**
   * The names that are wanted in the current object, as a set of json/names; 0 for all. Most other members are skipped without
   * tokens. If one is not, skip its value with `pass`.
   */
  wanted: usize = 0;
  /** The number of open containers. */
  depth: i32 = 0;
  /** The address after the container that was skipped last; 0 until it is known. */
  skippedTo: usize = 0;
  /** The `offset` at which the latest value or container began. */
  valueStart: i64 = 0;

  /** The number of bytes of the text before the current window, and where that window, or the text in it, begins. */
  private before: i64 = 0;
  private window: usize = 0;
  private place: Place = Place.Value;
  /** One bit for each open container, the innermost lowest: 1 for an object. */
  private kinds: u64 = 0;
  private skipped: SkippedValue;

  /** @param textLimit how many bytes of a text with escapes or cuts are kept; longer text is `truncated` */
  constructor(textLimit: i32) {
    super(textLimit);
    this.skipped = new SkippedValue();
  }

  dispose(): void {
    this.text.dispose();
    heap.free(changetype<usize>(this.skipped));
    heap.free(changetype<usize>(this));
  }

  /** Starts a new text at the next byte. Bytes that have been fed but not read belong to it. */
  // @ts-ignore: decorator
  @inline
  begin(): void {
    this.before = 0;
    this.window = this.at;
    this.place = Place.Value;
    this.lexeme = Lexeme.None;
    this.error = JsonError.None;
    this.depth = 0;
    this.kinds = 0;
    this.ended = false;
    this.wanted = 0;
  }

  /** Takes the next `len` bytes, borrowed until `next` returns `Token.More`. Earlier unread bytes are dropped. */
  feed(ptr: usize, len: i32): void {
    this.before += <i64>(this.at - this.window);
    this.window = ptr;
    this.at = ptr;
    this.end = ptr + max(len, 0);
  }

  /** The text ends with the bytes that have been fed. */
  finish(): void {
    this.ended = true;
  }

  /** The number of bytes of the current text that have been read. */
  // @ts-ignore: decorator
  @inline
  get offset(): i64 {
    return this.before + <i64>(this.at - this.window);
  }

  /** The address of the next unread byte. */
  get position(): usize {
    return this.at;
  }

  /** Whether the value of the whole text has been read. */
  get complete(): bool {
    return this.place == Place.Done;
  }

  /**
   * After ObjectStart or ArrayStart: skips the rest of that container without tokens, not even for its end. It may have any
   * depth, because brackets are only counted.
   */
  skip(): void {
    this.skippedTo = 0;
    this.lexeme = Lexeme.Skip;
    this.skipped.begin(ascii.LEFT_BRACE);
  }

  /** After Key: skips the value without tokens. */
  pass(): void {
    this.place = Place.PassedColon;
  }

  /** Reads the next token. */
  next(): Token {
    if (this.lexeme == Lexeme.Skip) {
      if (!this.readSkipped()) return this.exhausted();
    } else if (this.lexeme != Lexeme.None) {
      return this.accept(this.resume());
    }
    const end = this.end;
    for (let at = this.at; at < end; ++at) {
      const c = load<u8>(at);
      if (c <= ascii.SPACE && ascii.isSpace(c)) continue;
      switch (this.place) {
        case Place.CommaOrEnd:
          if (c == ascii.COMMA) {
            this.place = this.kinds & 1 ? Place.Key : Place.Value;
            continue;
          }
          return this.close(at, c);
        case Place.Colon:
          if (c != ascii.COLON) return this.reject(at, JsonError.Syntax);
          this.place = Place.Value;
          continue;
        case Place.PassedColon:
          if (c != ascii.COLON) return this.reject(at, JsonError.Syntax);
          this.place = Place.PassedValue;
          continue;
        case Place.PassedValue:
          at = this.passValue(at, c);
          if (at == 0) return this.exhausted();
          continue;
        case Place.KeyOrEnd:
        case Place.Key:
          if (c == ascii.QUOTE) {
            const from = at + 1;
            const stop = this.wanted != 0 ? findStringEnd(from, end) : end;
            if (stop == end || load<u8>(stop) != ascii.QUOTE) {
              this.at = from;
              return this.accept(this.beginString(true, this.wanted != 0));
            }
            if (mayHaveName(this.wanted, from, <i32>(stop - from))) return this.wholeName(from, stop);
            this.place = Place.PassedColon;
            at = stop;
            continue;
          }
          if (this.place == Place.KeyOrEnd) return this.close(at, c);
          return this.reject(at, JsonError.Syntax);
        case Place.ValueOrEnd:
          if (c == ascii.RIGHT_BRACKET) return this.close(at, c);
          return this.beginValue(at, c);
        case Place.Value:
          return this.beginValue(at, c);
        case Place.Done:
          return this.reject(at, JsonError.Syntax);
        default:
          return Token.Malformed;
      }
    }
    this.at = end;
    return this.exhausted();
  }

  /** The token for the end of the window. */
  private exhausted(): Token {
    if (this.place == Place.Broken) return Token.Malformed;
    if (!this.ended) return Token.More;
    if (this.place == Place.Done) return Token.End;
    return this.reject(this.at, JsonError.Incomplete);
  }

  private reject(at: usize, error: JsonError): Token {
    this.place = Place.Broken;
    return this.malformed(at, error);
  }

  /** Updates the place in the grammar after a token from the lexer. */
  // @ts-ignore: decorator
  @inline
  private accept(token: Token): Token {
    switch (token) {
      case Token.More:
        return this.exhausted();
      case Token.Malformed:
        this.place = Place.Broken;
        return token;
      case Token.Part:
        return token;
      default:
        if (token == Token.String && this.isName) {
          this.lexeme = Lexeme.None;
          this.place = Place.Colon;
          return Token.Key;
        }
        this.afterValue();
        return token;
    }
  }

  // @ts-ignore: decorator
  @inline
  private afterValue(): void {
    this.lexeme = Lexeme.None;
    this.place = this.depth == 0 ? Place.Done : Place.CommaOrEnd;
  }

  // @ts-ignore: decorator
  @inline
  private beginValue(at: usize, c: u8): Token {
    this.at = at;
    this.valueStart = this.offset;
    if (c == ascii.LEFT_BRACE || c == ascii.LEFT_BRACKET) return this.open(at, c);
    this.at = at + 1;
    return this.accept(c == ascii.QUOTE ? this.beginString(false, false) : this.beginScalar(c));
  }

  private open(at: usize, c: u8): Token {
    if (this.depth == MAX_DEPTH) return this.reject(at, JsonError.TooDeep);
    this.at = at + 1;
    ++this.depth;
    const isObject = c == ascii.LEFT_BRACE;
    this.kinds = (this.kinds << 1) | (isObject ? 1 : 0);
    this.place = isObject ? Place.KeyOrEnd : Place.ValueOrEnd;
    return isObject ? Token.ObjectStart : Token.ArrayStart;
  }

  /** Closes the innermost container, which is open, if `c` is its closing byte. */
  private close(at: usize, c: u8): Token {
    const isObject = (this.kinds & 1) != 0;
    if (c != (isObject ? ascii.RIGHT_BRACE : ascii.RIGHT_BRACKET)) return this.reject(at, JsonError.Syntax);
    this.at = at + 1;
    this.leave();
    return isObject ? Token.ObjectEnd : Token.ArrayEnd;
  }

  // @ts-ignore: decorator
  @inline
  private leave(): void {
    --this.depth;
    this.kinds >>= 1;
    this.afterValue();
  }

  /** Reports the name from `from` to the quote at `stop`, which is neither cut nor escaped. */
  private wholeName(from: usize, stop: usize): Token {
    this.text.show(from, <i32>(stop - from));
    this.at = stop + 1;
    this.place = Place.Colon;
    return Token.Key;
  }

  /** Skips a value that begins at `at` with `c`. @returns the address of its last byte; 0 if it continues */
  private passValue(at: usize, c: u8): usize {
    // Most values are short strings, numbers or literals, which need no state.
    if (c == ascii.QUOTE) {
      const stop = findClosingQuote(at + 1, this.end);
      if (stop < this.end) {
        this.place = Place.CommaOrEnd;
        return stop;
      }
    } else {
      const stop = c == ascii.LEFT_BRACE || c == ascii.LEFT_BRACKET ? this.end : findScalarEnd(at, this.end);
      if (stop < this.end) {
        this.place = Place.CommaOrEnd;
        return stop - 1;
      }
    }
    this.at = at + 1;
    this.lexeme = Lexeme.Skip;
    this.skipped.begin(c);
    return this.readSkipped() ? this.at - 1 : 0;
  }

  /** Continues to skip a value. @returns false if it has not ended */
  private readSkipped(): bool {
    const at = this.skipped.read(this.at, this.end);
    if (at == 0) {
      this.at = this.end;
      return false;
    }
    this.at = at;
    if (this.place == Place.PassedValue) {
      this.afterValue();
    } else {
      this.skippedTo = at;
      this.leave();
    }
    return true;
  }
}
