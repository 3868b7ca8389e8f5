import * as ascii from "../bytes/ascii";
import { Digits, firstDigits, mayEnd, nextDigits } from "./number";
import { endsInEscape, findClosingQuote, findStringEnd, findTextEnd } from "./scan";
import { Escape, JsonText } from "./text";
import { JsonError, Strings, Token } from "./tokens";

/** The token that a lexer is reading. */
export const enum Lexeme {
  None,
  String,
  /** After a backslash in a string. */
  Escape,
  Number,
  Literal,
  /** In a value that is skipped. */
  Skip,
}

/** The most bytes that one escape can add, including a lone surrogate before it. */
const MAX_ESCAPED: i32 = 6;
/** A run without escapes up to this size is collected with its surroundings, so that there are fewer parts. */
const SHORT_RUN: i32 = 16;

/** The literals without their first letters, as little-endian integers. */
const RUE: u32 = 0x657572;
const ALSE: u32 = 0x65736c61;
const ULL: u32 = 0x6c6c75;

/**
 * Strings, numbers and literals of JSON, which may be cut anywhere: the lower half of `JsonReader`. Each of the reading methods
 * continues where it stopped. It returns String, Number, True, False or Null at the end, Part for a piece of a string, More if
 * it needs more bytes, or Malformed.
 */
@unmanaged
export class JsonLexer {
  /** What happens to the text of string values. Do not change this within a string. */
  strings: Strings = Strings.Drop;
  /** The text of the last Key, Part, String or Number: valid until the next `next`, `feed` or `begin`. */
  readonly text: JsonText;
  /** Why the last token was Malformed. */
  error: JsonError = JsonError.None;

  /** The next byte to read, the end of the bytes, and whether the text ends there. */
  protected at: usize = 0;
  protected end: usize = 0;
  protected ended: bool = false;
  protected lexeme: Lexeme = Lexeme.None;
  /** Whether the string is a name, which is always kept. */
  protected isName: bool = false;
  private lax: bool = false;
  private digits: Digits = Digits.Minus;
  /** The rest of the current literal as a little-endian integer, and its token. */
  private literal: u32 = 0;
  private literalToken: Token = Token.Null;

  constructor(textLimit: i32) {
    this.text = new JsonText(textLimit);
  }

  protected malformed(at: usize, error: JsonError): Token {
    this.at = at;
    this.error = error;
    this.lexeme = Lexeme.None;
    return Token.Malformed;
  }

  /** Continues the current lexeme; there must be one. */
  protected resume(): Token {
    if (this.lexeme == Lexeme.Number) {
      this.text.resume(this.at);
      return this.readDigits();
    }
    return this.lexeme == Lexeme.Literal ? this.readLiteral() : this.readString();
  }

  /** Reads a string after its opening quote. @param lax whether it may contain control characters */
  protected beginString(isName: bool, lax: bool): Token {
    this.isName = isName;
    this.lax = lax;
    this.lexeme = Lexeme.String;
    this.text.begin(this.at);
    return this.readString();
  }

  /** Reads a number or literal after its first byte `c`. */
  protected beginScalar(c: u8): Token {
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

  private readString(): Token {
    if (this.isName || this.strings == Strings.Keep) return this.readText();
    if (this.strings == Strings.Stream) return this.readStream();
    return this.strings == Strings.Raw ? this.readRaw() : this.readDropped();
  }

  private readRaw(): Token {
    const end = this.end;
    const from = this.at;
    if (from == end) return Token.More;
    const quote = findClosingQuote(this.lexeme == Lexeme.Escape ? from + 1 : from, end);
    if (quote == from) {
      this.at = quote + 1;
      return Token.String;
    }
    this.lexeme = quote == end && this.endsInOpenEscape() ? Lexeme.Escape : Lexeme.String;
    this.text.show(from, <i32>(quote - from));
    this.at = quote;
    return Token.Part;
  }

  /** Whether the bytes end with the backslash that begins an escape. */
  private endsInOpenEscape(): bool {
    return endsInEscape(this.lexeme == Lexeme.Escape ? this.at + 1 : this.at, this.end);
  }

  private readDropped(): Token {
    const end = this.end;
    let from = this.at;
    // The four digits after \u are read as ordinary text.
    if (this.lexeme == Lexeme.Escape && from < end) ++from;
    const quote = findClosingQuote(from, end);
    if (quote < end) {
      this.at = quote + 1;
      return Token.String;
    }
    if (this.at < end) this.lexeme = endsInEscape(from, end) ? Lexeme.Escape : Lexeme.String;
    this.at = end;
    return Token.More;
  }

  /** Reads a string whose text is kept in one piece. */
  private readText(): Token {
    const text = this.text;
    const end = this.end;
    let at = this.at;
    text.resume(at);
    while (at < end) {
      if (this.lexeme == Lexeme.Escape) {
        const escape = text.escape(load<u8>(at));
        if (escape == Escape.Invalid) return this.malformed(at, JsonError.Syntax);
        text.resume(++at);
        if (escape == Escape.Done) this.lexeme = Lexeme.String;
        continue;
      }
      const stop = this.lax ? findStringEnd(at, end) : findTextEnd(at, end);
      if (stop > at) text.endSurrogate();
      if (stop == end) break;
      at = stop + 1;
      const c = load<u8>(stop);
      if (c == ascii.QUOTE) {
        text.endSurrogate();
        text.end(stop);
        this.at = at;
        return Token.String;
      }
      if (c != ascii.BACKSLASH) return this.malformed(stop, JsonError.Syntax);
      text.keep(stop);
      this.lexeme = Lexeme.Escape;
      text.resume(at);
    }
    text.keep(end);
    this.at = end;
    return Token.More;
  }

  /** Reads a string whose text is passed on in parts: long runs in place, and the collected text between them. */
  private readStream(): Token {
    const text = this.text;
    const end = this.end;
    let at = this.at;
    while (at < end) {
      if (this.lexeme == Lexeme.Escape) {
        if (text.room < MAX_ESCAPED) return this.part(at);
        const escape = text.escape(load<u8>(at));
        if (escape == Escape.Invalid)
          return text.empty ? this.malformed(at, JsonError.Syntax) : this.part(at);
        if (escape == Escape.Done) this.lexeme = Lexeme.String;
        ++at;
        continue;
      }
      const stop = findTextEnd(at, end);
      const size = <i32>(stop - at);
      if (size > 0 || (stop < end && load<u8>(stop) != ascii.BACKSLASH)) {
        if (text.room < MAX_ESCAPED) return this.part(at);
        text.endSurrogate();
      }
      if (size > SHORT_RUN || size > text.room) {
        if (!text.empty) return this.part(at);
        text.show(at, size);
        this.at = stop;
        return Token.Part;
      }
      text.collect(at, size);
      at = stop;
      if (stop == end) break;
      const c = load<u8>(stop);
      if (c == ascii.BACKSLASH) {
        this.lexeme = Lexeme.Escape;
        ++at;
      } else if (!text.empty) {
        return this.part(at);
      } else if (c == ascii.QUOTE) {
        text.show(at, 0);
        this.at = at + 1;
        return Token.String;
      } else {
        return this.malformed(at, JsonError.Syntax);
      }
    }
    if (!text.empty) return this.part(at);
    this.at = end;
    return Token.More;
  }

  /** Passes on the collected text; the rest begins at `at`. */
  private part(at: usize): Token {
    this.text.passOn();
    this.at = at;
    return Token.Part;
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
    return rest == 0 ? this.literalToken : Token.More;
  }
}
