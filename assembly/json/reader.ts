import {
  BACKSLASH,
  COLON,
  COMMA,
  CR,
  DIGIT_0,
  DOT,
  hexValue,
  isDigit,
  LEFT_BRACE,
  LEFT_BRACKET,
  LF,
  LOWER_E,
  LOWER_F,
  LOWER_N,
  LOWER_T,
  LOWER_U,
  MINUS,
  PLUS,
  QUOTE,
  RIGHT_BRACE,
  RIGHT_BRACKET,
  SLASH,
  SPACE,
  TAB,
} from "../bytes/ascii";
import { ByteBuilder } from "../bytes/builder";
import { bytesOf, addressOf } from "../bytes/bytes";
import { encodeRune, REPLACEMENT } from "../bytes/utf8";
import { findStringEnd, findStructure, findControl } from "./scan";

/** What `JsonReader.next` found. */
export const enum Token {
  /** The bytes fed so far are used up; feed more, or say `finish`. */
  More,
  /** The text ended after one complete value. */
  End,
  /** The text is not JSON, see `JsonReader.error`; repeated until `begin`. */
  Malformed,
  ObjectStart,
  ObjectEnd,
  ArrayStart,
  ArrayEnd,
  /** A member's name, in `text`; its value follows. */
  Key,
  /** A string, in `text` if `keepText` was set. */
  String,
  /** A number, in `text` as it was written. */
  Number,
  True,
  False,
  Null,
}

export const enum JsonError {
  None,
  /** A byte that RFC 8259 does not allow there. */
  Syntax,
  /** More than `MAX_DEPTH` containers inside each other. */
  TooDeep,
  /** The text ended too early. */
  Incomplete,
}

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
  CommaOrEnd,
  /** After the value of the whole text. */
  Done,
  Broken,
}

/** What the reader is in the middle of. */
const enum Lexeme {
  None,
  String,
  /** After a backslash. */
  Escape,
  /** In the digits of `\uXXXX`. */
  Hex,
  Number,
  Literal,
  Skip,
  SkipString,
  /** After a backslash in a skipped string. */
  SkipEscape,
}

/** What was read last of a number (RFC 8259, section 6). */
const enum Digits {
  Minus,
  Zero,
  Integer,
  Dot,
  Fraction,
  E,
  ExponentSign,
  Exponent,
}

const TRUE = bytesOf("true");
const FALSE = bytesOf("false");
const NULL = bytesOf("null");

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
 * inside a skipped container, and the escapes and control characters of strings whose text is not kept. Invalid UTF-8
 * passes as it is.
 *
 * Memory: the object, and a buffer of at most `textLimit` bytes, used only for text that holds escapes or was cut.
 */
@final
export class JsonReader {
  /** Whether the text of string values is wanted. Keys and numbers are always kept. */
  keepText: bool = false;
  /** The text of the last Key, String or Number, decoded: valid until the next `next`, `feed` or `begin`. */
  text: usize = 0;
  textLength: i32 = 0;
  /** Whether `text` is incomplete because it holds escapes or was cut, and is longer than `textLimit`. */
  truncated: bool = false;
  /** Why the last token was Malformed. */
  error: JsonError = JsonError.None;
  /** How many containers are open. */
  depth: i32 = 0;
  /** The `offset` at which the last value, or container, began. */
  valueStart: i64 = 0;

  private at: usize = 0;
  private end: usize = 0;
  private ended: bool = false;
  /** Bytes read before the current window, and where that window (or the text in it) begins. */
  private before: i64 = 0;
  private window: usize = 0;

  private place: Place = Place.Value;
  private lexeme: Lexeme = Lexeme.None;
  /** One bit per open container, the innermost lowest: 1 for an object. */
  private kinds: u64 = 0;
  private skipDepth: i64 = 0;

  private isKey: bool = false;
  private digits: Digits = Digits.Minus;
  private literal: ArrayBuffer = NULL;
  private literalAt: i32 = 0;
  private hexLeft: i32 = 0;
  private hex: i32 = 0;
  /** A high surrogate whose other half has not been seen, or 0. */
  private surrogate: i32 = 0;
  /** Whether the text so far is in `buffer` instead of in one piece in the window. */
  private buffered: bool = false;
  private buffer: ByteBuilder;
  private rune: StaticArray<u8> = new StaticArray<u8>(4);

  /** @param textLimit the most bytes of text kept when it holds escapes or was cut; longer text is `truncated` */
  constructor(textLimit: i32) {
    this.buffer = new ByteBuilder(min(textLimit, 64), textLimit);
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
    this.textLength = 0;
    this.truncated = false;
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
    this.skipDepth = 1;
  }

  /** Reads on to the next token. */
  next(): Token {
    switch (this.lexeme) {
      case Lexeme.None:
        break;
      case Lexeme.String:
      case Lexeme.Escape:
      case Lexeme.Hex:
        return this.readString();
      case Lexeme.Number:
        return this.readNumber();
      case Lexeme.Literal:
        return this.readLiteral();
      default:
        if (!this.readSkipped()) return this.exhausted();
    }
    const end = this.end;
    for (let at = this.at; at < end; ++at) {
      const c = load<u8>(at);
      if (c == SPACE || c == LF || c == CR || c == TAB) continue;
      switch (this.place) {
        case Place.CommaOrEnd:
          if (c == COMMA) {
            this.place = this.kinds & 1 ? Place.Key : Place.Value;
            continue;
          }
          this.at = at + 1;
          return this.close(c);
        case Place.Colon:
          if (c != COLON) return this.malformed(at, JsonError.Syntax);
          this.place = Place.Value;
          continue;
        case Place.KeyOrEnd:
        case Place.Key:
          this.at = at + 1;
          if (c == QUOTE) return this.beginString(true);
          if (this.place == Place.KeyOrEnd) return this.close(c);
          return this.malformed(at, JsonError.Syntax);
        case Place.ValueOrEnd:
        case Place.Value:
          this.at = at + 1;
          if (c == RIGHT_BRACKET && this.place == Place.ValueOrEnd) return this.close(c);
          return this.beginValue(c);
        default:
          return this.malformed(at, this.error != JsonError.None ? this.error : JsonError.Syntax);
      }
    }
    this.at = end;
    return this.exhausted();
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
    if (c == QUOTE) return this.beginString(false);
    if (c == LEFT_BRACE || c == LEFT_BRACKET) return this.open(c);
    if (c == LOWER_T) return this.beginLiteral(TRUE);
    if (c == LOWER_F) return this.beginLiteral(FALSE);
    if (c == LOWER_N) return this.beginLiteral(NULL);
    if (c != MINUS && !isDigit(c)) return this.malformed(this.at - 1, JsonError.Syntax);
    this.digits = c == MINUS ? Digits.Minus : c == DIGIT_0 ? Digits.Zero : Digits.Integer;
    this.lexeme = Lexeme.Number;
    this.beginText(this.at - 1);
    return this.readNumber();
  }

  private open(c: u8): Token {
    if (this.depth == MAX_DEPTH) return this.malformed(this.at - 1, JsonError.TooDeep);
    ++this.depth;
    const isObject = c == LEFT_BRACE;
    this.kinds = (this.kinds << 1) | (isObject ? 1 : 0);
    this.place = isObject ? Place.KeyOrEnd : Place.ValueOrEnd;
    return isObject ? Token.ObjectStart : Token.ArrayStart;
  }

  /** Closes the innermost container, which is open, if `c` is its closing byte. */
  private close(c: u8): Token {
    const isObject = (this.kinds & 1) != 0;
    if (c != (isObject ? RIGHT_BRACE : RIGHT_BRACKET)) return this.malformed(this.at - 1, JsonError.Syntax);
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

  /** Starts text at `from`, which is in the window. */
  private beginText(from: usize): void {
    this.text = from;
    this.textLength = 0;
    this.truncated = false;
    this.buffered = false;
  }

  /** Moves the text from `text` to `to` into the buffer, because it goes on elsewhere. */
  private keepUntil(to: usize): void {
    if (!this.buffered) {
      this.buffered = true;
      this.buffer.clear();
    }
    this.buffer.at(this.text, <i32>(to - this.text));
  }

  /** Ends the text at `to`, and says where all of it is. */
  private endText(to: usize): void {
    if (this.buffered) {
      this.keepUntil(to);
      this.text = this.buffer.ptr;
      this.textLength = this.buffer.length;
      this.truncated = this.buffer.overflowed;
    } else {
      this.textLength = <i32>(to - this.text);
    }
  }

  private beginString(isKey: bool): Token {
    this.isKey = isKey;
    this.surrogate = 0;
    this.lexeme = Lexeme.String;
    this.beginText(this.at);
    return this.readString();
  }

  private readString(): Token {
    const end = this.end;
    const keep = this.isKey || this.keepText;
    let at = this.at;
    // Text that goes on in a new window goes on at its first byte.
    if (this.buffered) this.text = at;
    while (at < end) {
      if (this.lexeme == Lexeme.Escape) {
        if (keep && !this.escape(load<u8>(at))) return this.malformed(at, JsonError.Syntax);
        if (!keep) this.lexeme = Lexeme.String;
        this.text = ++at;
        continue;
      }
      if (this.lexeme == Lexeme.Hex) {
        if (!this.hexDigit(load<u8>(at))) return this.malformed(at, JsonError.Syntax);
        this.text = ++at;
        continue;
      }
      const stop = findStringEnd(at, end);
      if (keep && stop > at) {
        if (this.surrogate != 0) this.loneSurrogate();
        const control = findControl(at, stop);
        if (control < stop) return this.malformed(control, JsonError.Syntax);
      }
      at = stop;
      if (stop == end) break;
      ++at;
      if (load<u8>(stop) == BACKSLASH) {
        if (keep) this.keepUntil(stop);
        this.lexeme = Lexeme.Escape;
        this.text = at;
        continue;
      }
      this.at = at;
      if (this.surrogate != 0) this.loneSurrogate();
      this.lexeme = Lexeme.None;
      if (keep) this.endText(stop);
      if (this.isKey) {
        this.place = Place.Colon;
        return Token.Key;
      }
      this.afterValue();
      return Token.String;
    }
    if (keep) this.keepUntil(end);
    this.at = end;
    return this.exhausted();
  }

  /** Decodes the byte after a backslash; false if there is no such escape. */
  private escape(c: u8): bool {
    if (c == LOWER_U) {
      this.lexeme = Lexeme.Hex;
      this.hexLeft = 4;
      this.hex = 0;
      return true;
    }
    let decoded: u8 = 0;
    if (c == QUOTE || c == BACKSLASH || c == SLASH) decoded = c;
    else if (c == LOWER_N) decoded = LF;
    else if (c == LOWER_T) decoded = TAB;
    else if (c == 0x72 /* r */) decoded = CR;
    else if (c == 0x62 /* b */) decoded = 0x08;
    else if (c == LOWER_F) decoded = 0x0c;
    else return false;
    if (this.surrogate != 0) this.loneSurrogate();
    this.buffer.byte(decoded);
    this.lexeme = Lexeme.String;
    return true;
  }

  private hexDigit(c: u8): bool {
    const value = hexValue(c);
    if (value < 0) return false;
    this.hex = (this.hex << 4) | value;
    if (--this.hexLeft > 0) return true;
    this.lexeme = Lexeme.String;
    const unit = this.hex;
    if (this.surrogate != 0 && (unit & 0xfc00) == 0xdc00) {
      this.appendRune(0x10000 + ((this.surrogate & 0x3ff) << 10) + (unit & 0x3ff));
      this.surrogate = 0;
      return true;
    }
    if (this.surrogate != 0) this.loneSurrogate();
    if ((unit & 0xfc00) == 0xd800) this.surrogate = unit;
    else this.appendRune(unit);
    return true;
  }

  private loneSurrogate(): void {
    this.surrogate = 0;
    this.appendRune(REPLACEMENT);
  }

  private appendRune(rune: i32): void {
    const ptr = changetype<usize>(this.rune);
    this.buffer.at(ptr, encodeRune(ptr, rune));
  }

  private readNumber(): Token {
    const end = this.end;
    let at = this.at;
    if (this.buffered) this.text = at;
    for (; at < end; ++at) {
      const next = afterDigits(this.digits, load<u8>(at));
      if (next < 0) break;
      this.digits = next;
    }
    this.at = at;
    if (at == end && !this.ended) {
      this.keepUntil(end);
      return Token.More;
    }
    const last = this.digits;
    if (last != Digits.Zero && last != Digits.Integer && last != Digits.Fraction && last != Digits.Exponent) {
      return this.malformed(at, at == end ? JsonError.Incomplete : JsonError.Syntax);
    }
    this.endText(at);
    this.afterValue();
    return Token.Number;
  }

  private beginLiteral(literal: ArrayBuffer): Token {
    this.literal = literal;
    this.literalAt = 1;
    this.lexeme = Lexeme.Literal;
    return this.readLiteral();
  }

  private readLiteral(): Token {
    const literal = this.literal;
    while (this.at < this.end) {
      if (load<u8>(this.at) != load<u8>(addressOf(literal) + this.literalAt)) {
        return this.malformed(this.at, JsonError.Syntax);
      }
      ++this.at;
      if (++this.literalAt == literal.byteLength) {
        this.afterValue();
        return literal === TRUE ? Token.True : literal === FALSE ? Token.False : Token.Null;
      }
    }
    return this.exhausted();
  }

  /** Passes over a container; true once it has ended. */
  private readSkipped(): bool {
    const end = this.end;
    let at = this.at;
    while (at < end) {
      if (this.lexeme == Lexeme.Skip) {
        at = findStructure(at, end);
        if (at == end) break;
        const c = load<u8>(at++);
        if (c == QUOTE) {
          this.lexeme = Lexeme.SkipString;
        } else if (c == LEFT_BRACE || c == LEFT_BRACKET) {
          ++this.skipDepth;
        } else if (c == RIGHT_BRACE || c == RIGHT_BRACKET) {
          if (--this.skipDepth == 0) {
            this.at = at;
            this.leave();
            return true;
          }
        }
      } else if (this.lexeme == Lexeme.SkipString) {
        at = findStringEnd(at, end);
        if (at == end) break;
        this.lexeme = load<u8>(at++) == QUOTE ? Lexeme.Skip : Lexeme.SkipEscape;
      } else {
        ++at;
        this.lexeme = Lexeme.SkipString;
      }
    }
    this.at = end;
    return false;
  }
}

/** What `c` makes of a number that was read up to `last`, or -1 if `c` does not belong to it. */
function afterDigits(last: Digits, c: u8): i32 {
  if (isDigit(c)) {
    switch (last) {
      case Digits.Minus:
        return c == DIGIT_0 ? Digits.Zero : Digits.Integer;
      case Digits.Zero:
        return -1;
      case Digits.Dot:
        return Digits.Fraction;
      case Digits.E:
      case Digits.ExponentSign:
        return Digits.Exponent;
      default:
        return last;
    }
  }
  if (c == DOT) return last == Digits.Zero || last == Digits.Integer ? Digits.Dot : -1;
  if ((c | 0x20) == LOWER_E) {
    return last == Digits.Zero || last == Digits.Integer || last == Digits.Fraction ? Digits.E : -1;
  }
  if (c == PLUS || c == MINUS) return last == Digits.E ? Digits.ExponentSign : -1;
  return -1;
}
