import * as ascii from "../bytes/ascii";
import { mayHaveName } from "./names";
import { Digits, firstDigits, mayEnd, nextDigits } from "./number";
import { findControl, findScalarEnd, findStringEnd } from "./scan";
import { SkippedValue } from "./skip";
import { Escape, JsonText } from "./text";
import { JsonError, Strings, Token } from "./tokens";

/** How many containers may be open at once, outside of what is skipped. */
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
  /** The same for a member that is passed over. */
  PassedColon,
  PassedValue,
  CommaOrEnd,
  /** After the value of the whole text. */
  Done,
  Broken,
}

/** What the reader is in the middle of. */
const enum Lexeme {
  None,
  String,
  /** After a backslash in a string. */
  Escape,
  Number,
  Literal,
  /** In a value that is passed over. */
  Skip,
}

/** The rest of the literals after their first letter, lowest byte first. */
const RUE: u32 = 0x657572;
const ALSE: u32 = 0x65736c61;
const ULL: u32 = 0x6c6c75;

/**
 * An incremental pull reader for JSON (RFC 8259): bytes in with `feed`, in pieces cut anywhere, tokens out with
 * `next`. It neither recurses nor allocates per token, and no input makes it trap.
 *
 *     reader.begin();
 *     reader.feed(ptr, len);
 *     for (let token = reader.next(); token > Token.Malformed; token = reader.next()) { ... }
 *     // Token.More: feed again, or finish() and read on
 *
 * A number is reported once the byte after it has been seen (or with `finish`), so a number that was cut is never
 * taken for a smaller one. Two things are checked less than RFC 8259 asks, because nobody looks at them: what stands
 * inside a skipped container, and the escapes and control characters of dropped strings. Invalid UTF-8 passes as it is.
 *
 * Memory: about 200 bytes, and a buffer of `textLimit` bytes for text that holds escapes or was cut. The class is
 * unmanaged, since the garbage collector's bookkeeping at each call took four fifths of the time; `dispose` frees it.
 */
@final
@unmanaged
export class JsonReader {
  /** What becomes of the text of string values; not to be changed in the middle of one. */
  strings: Strings = Strings.Drop;
  /**
   * The names that are wanted in the object to be read on, as a set of json/names, or 0 for all. Of the others, most are
   * passed over without tokens; of those that are not, the value is to be passed over with `pass`.
   */
  wanted: usize = 0;
  /** The text of the last Key, Part, String or Number: valid until the next `next`, `feed` or `begin`. */
  readonly text: JsonText;
  /** Why the last token was Malformed. */
  error: JsonError = JsonError.None;
  /** How many containers are open. */
  depth: i32 = 0;
  /** The `offset` at which the last value, or container, began. */
  valueStart: i64 = 0;

  private at: usize = 0;
  private end: usize = 0;
  private ended: bool = false;
  /** Bytes of the text before the current window, and where that window, or the text in it, begins. */
  private before: i64 = 0;
  private window: usize = 0;

  private place: Place = Place.Value;
  private lexeme: Lexeme = Lexeme.None;
  /** One bit per open container, the innermost lowest: 1 for an object. */
  private kinds: u64 = 0;
  private skipped: SkippedValue;
  private isKey: bool = false;
  private digits: Digits = Digits.Minus;
  /** What must follow of a literal, lowest byte first, and the token that it then is. */
  private literal: u32 = 0;
  private literalToken: Token = Token.Null;

  /** @param textLimit the most bytes of text kept when it holds escapes or was cut; longer text is `truncated` */
  constructor(textLimit: i32) {
    this.text = new JsonText(textLimit);
    this.skipped = new SkippedValue();
  }

  dispose(): void {
    this.text.dispose();
    heap.free(changetype<usize>(this.skipped));
    heap.free(changetype<usize>(this));
  }

  /** Starts a new text at the next byte; what was fed and not read yet belongs to it. */
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

  /** Hands over the next `len` bytes, borrowed until `next` returns `Token.More`; what was left unread is dropped. */
  feed(ptr: usize, len: i32): void {
    this.before += <i64>(this.at - this.window);
    this.window = ptr;
    this.at = ptr;
    this.end = ptr + max(len, 0);
  }

  /** Says that the text ends with what was fed. */
  finish(): void {
    this.ended = true;
  }

  /** How many bytes of the current text have been read. */
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
   * After ObjectStart or ArrayStart: passes over the rest of that container without tokens, not even its end.
   * Any depth is fine, since brackets are only counted.
   */
  skip(): void {
    this.lexeme = Lexeme.Skip;
    this.skipped.begin(ascii.LEFT_BRACE);
  }

  /** After Key: passes over the value without tokens, unchecked. */
  pass(): void {
    this.place = Place.PassedColon;
  }

  /** Reads on to the next token. */
  next(): Token {
    switch (this.lexeme) {
      case Lexeme.None:
        break;
      case Lexeme.String:
      case Lexeme.Escape:
        return this.readString();
      case Lexeme.Number:
        return this.readNumber();
      case Lexeme.Literal:
        return this.readLiteral();
      default:
        if (!this.passOver()) return this.exhausted();
    }
    const end = this.end;
    for (let at = this.at; at < end; ++at) {
      const c = load<u8>(at);
      if (c == ascii.SPACE || c == ascii.LF || c == ascii.CR || c == ascii.TAB) continue;
      switch (this.place) {
        case Place.CommaOrEnd:
          if (c == ascii.COMMA) {
            this.place = this.kinds & 1 ? Place.Key : Place.Value;
            continue;
          }
          this.at = at + 1;
          return this.close(c);
        case Place.Colon:
          if (c != ascii.COLON) return this.malformed(at, JsonError.Syntax);
          this.place = Place.Value;
          continue;
        case Place.PassedColon:
          if (c != ascii.COLON) return this.malformed(at, JsonError.Syntax);
          this.place = Place.PassedValue;
          continue;
        case Place.PassedValue:
          this.at = at + 1;
          if (c == ascii.QUOTE) {
            // Most values are short strings: these need no state.
            const stop = findStringEnd(at + 1, end);
            if (stop < end && load<u8>(stop) == ascii.QUOTE) {
              this.place = Place.CommaOrEnd;
              at = stop;
              continue;
            }
            this.at = stop;
          } else if (c != ascii.LEFT_BRACE && c != ascii.LEFT_BRACKET) {
            const stop = findScalarEnd(at, end);
            if (stop < end) {
              this.place = Place.CommaOrEnd;
              at = stop - 1;
              continue;
            }
          }
          this.lexeme = Lexeme.Skip;
          this.skipped.begin(c);
          if (!this.passOver()) return this.exhausted();
          at = this.at - 1;
          continue;
        case Place.KeyOrEnd:
        case Place.Key:
          if (c == ascii.QUOTE) {
            this.at = at + 1;
            if (this.wanted == 0) return this.beginString(true);
            const stop = findStringEnd(at + 1, end);
            if (stop == end || load<u8>(stop) != ascii.QUOTE) return this.beginString(true);
            if (!mayHaveName(this.wanted, at + 1, <i32>(stop - at - 1))) {
              this.place = Place.PassedColon;
              at = stop;
              continue;
            }
            this.text.begin(at + 1);
            this.text.end(stop);
            this.at = stop + 1;
            this.place = Place.Colon;
            return Token.Key;
          }
          this.at = at + 1;
          if (this.place == Place.KeyOrEnd) return this.close(c);
          return this.malformed(at, JsonError.Syntax);
        case Place.ValueOrEnd:
        case Place.Value:
          this.at = at + 1;
          if (c == ascii.RIGHT_BRACKET && this.place == Place.ValueOrEnd) return this.close(c);
          return this.beginValue(c);
        case Place.Done:
          return this.malformed(at, JsonError.Syntax);
        default:
          return Token.Malformed;
      }
    }
    this.at = end;
    return this.exhausted();
  }

  /** Reads on in a value that is passed over; false if it goes on. */
  private passOver(): bool {
    const at = this.skipped.read(this.at, this.end);
    if (at == 0) {
      this.at = this.end;
      return false;
    }
    this.at = at;
    if (this.place == Place.PassedValue) this.afterValue();
    else this.leave();
    return true;
  }

  private exhausted(): Token {
    if (this.place == Place.Broken) return Token.Malformed;
    if (!this.ended) return Token.More;
    if (this.place == Place.Done) return Token.End;
    return this.malformed(this.at, JsonError.Incomplete);
  }

  private malformed(at: usize, error: JsonError): Token {
    this.at = at;
    this.error = error;
    this.place = Place.Broken;
    this.lexeme = Lexeme.None;
    return Token.Malformed;
  }

  private beginValue(c: u8): Token {
    this.valueStart = this.offset - 1;
    if (c == ascii.QUOTE) return this.beginString(false);
    if (c == ascii.LEFT_BRACE || c == ascii.LEFT_BRACKET) return this.open(c);
    if (c == ascii.LOWER_T) return this.beginLiteral(RUE, Token.True);
    if (c == ascii.LOWER_F) return this.beginLiteral(ALSE, Token.False);
    if (c == ascii.LOWER_N) return this.beginLiteral(ULL, Token.Null);
    const digits = firstDigits(c);
    if (digits < 0) return this.malformed(this.at - 1, JsonError.Syntax);
    this.digits = digits;
    this.lexeme = Lexeme.Number;
    this.text.begin(this.at - 1);
    return this.readDigits();
  }

  private open(c: u8): Token {
    if (this.depth == MAX_DEPTH) return this.malformed(this.at - 1, JsonError.TooDeep);
    ++this.depth;
    const isObject = c == ascii.LEFT_BRACE;
    this.kinds = (this.kinds << 1) | (isObject ? 1 : 0);
    this.place = isObject ? Place.KeyOrEnd : Place.ValueOrEnd;
    return isObject ? Token.ObjectStart : Token.ArrayStart;
  }

  /** Closes the innermost container, which is open, if `c` is its closing byte. */
  private close(c: u8): Token {
    const isObject = (this.kinds & 1) != 0;
    if (c != (isObject ? ascii.RIGHT_BRACE : ascii.RIGHT_BRACKET)) {
      return this.malformed(this.at - 1, JsonError.Syntax);
    }
    this.leave();
    return isObject ? Token.ObjectEnd : Token.ArrayEnd;
  }

  private leave(): void {
    --this.depth;
    this.kinds >>= 1;
    this.afterValue();
  }

  private afterValue(): void {
    this.lexeme = Lexeme.None;
    this.place = this.depth == 0 ? Place.Done : Place.CommaOrEnd;
  }

  private beginString(isKey: bool): Token {
    this.isKey = isKey;
    this.lexeme = Lexeme.String;
    this.text.begin(this.at);
    return this.readString();
  }

  private readString(): Token {
    if (this.isKey) return this.readText(false);
    switch (this.strings) {
      case Strings.Keep:
        return this.readText(false);
      case Strings.Stream:
        return this.readText(true);
      default:
        return this.readDropped();
    }
  }

  private endString(): Token {
    if (!this.isKey) {
      this.afterValue();
      return Token.String;
    }
    this.lexeme = Lexeme.None;
    this.place = Place.Colon;
    return Token.Key;
  }

  private readDropped(): Token {
    const end = this.end;
    let at = this.at;
    while (at < end) {
      if (this.lexeme == Lexeme.Escape) {
        // The four digits of a \u pass as ordinary text.
        ++at;
        this.lexeme = Lexeme.String;
        continue;
      }
      at = findStringEnd(at, end);
      if (at == end) break;
      if (load<u8>(at++) == ascii.QUOTE) {
        this.at = at;
        return this.endString();
      }
      this.lexeme = Lexeme.Escape;
    }
    this.at = end;
    return this.exhausted();
  }

  private readText(stream: bool): Token {
    const text = this.text;
    const end = this.end;
    let at = this.at;
    text.resume(at);
    while (at < end) {
      if (this.lexeme == Lexeme.Escape) {
        const escape = text.escape(load<u8>(at));
        if (escape == Escape.Invalid) return this.malformed(at, JsonError.Syntax);
        text.resume(++at);
        if (escape == Escape.More) continue;
        this.lexeme = Lexeme.String;
        if (stream && text.publish()) return this.part(at);
        continue;
      }
      let stop = findStringEnd(at, end);
      const control = this.isKey && this.wanted != 0 ? stop : findControl(at, stop);
      if (control < stop) {
        if (!stream || control == at) return this.malformed(control, JsonError.Syntax);
        stop = control;
      }
      const escapes = stop < end && load<u8>(stop) == ascii.BACKSLASH;
      if (text.surrogate != 0 && (stop > at || (stop < end && !escapes))) {
        if (stream) text.clear();
        text.endSurrogate();
        if (stream && text.publish()) return this.part(at);
      }
      if (stream && stop > at) {
        text.end(stop);
        return this.part(stop);
      }
      at = stop;
      if (stop == end) break;
      ++at;
      if (escapes) {
        if (stream) text.clear();
        else text.keep(stop);
        this.lexeme = Lexeme.Escape;
        text.resume(at);
        continue;
      }
      text.end(stop);
      this.at = at;
      return this.endString();
    }
    if (!stream) text.keep(end);
    this.at = end;
    return this.exhausted();
  }

  private part(at: usize): Token {
    this.text.passedOn();
    this.at = at;
    return Token.Part;
  }

  private readNumber(): Token {
    this.text.resume(this.at);
    return this.readDigits();
  }

  private readDigits(): Token {
    const end = this.end;
    let at = this.at;
    for (; at < end; ++at) {
      const next = nextDigits(this.digits, load<u8>(at));
      if (next < 0) break;
      this.digits = next;
    }
    this.at = at;
    if (at == end && !this.ended) {
      this.text.keep(end);
      return Token.More;
    }
    if (!mayEnd(this.digits)) {
      return this.malformed(at, at == end ? JsonError.Incomplete : JsonError.Syntax);
    }
    this.text.end(at);
    this.afterValue();
    return Token.Number;
  }

  private beginLiteral(rest: u32, token: Token): Token {
    this.literal = rest;
    this.literalToken = token;
    this.lexeme = Lexeme.Literal;
    return this.readLiteral();
  }

  private readLiteral(): Token {
    const end = this.end;
    let at = this.at;
    let rest = this.literal;
    for (; at < end && rest != 0; ++at, rest >>= 8) {
      if (load<u8>(at) != <u8>rest) return this.malformed(at, JsonError.Syntax);
    }
    this.at = at;
    this.literal = rest;
    if (rest != 0) return this.exhausted();
    this.afterValue();
    return this.literalToken;
  }
}
