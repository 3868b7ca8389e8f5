/** Names for ASCII bytes and classes, so that parsers do not need hexadecimal literals. */

export const NUL: u8 = 0x00;
export const TAB: u8 = 0x09;
export const LF: u8 = 0x0a;
export const CR: u8 = 0x0d;
export const SPACE: u8 = 0x20;
export const QUOTE: u8 = 0x22; // "
export const HASH: u8 = 0x23; // #
export const DOLLAR: u8 = 0x24; // $
export const PERCENT: u8 = 0x25; // %
export const AMPERSAND: u8 = 0x26; // &
export const LEFT_PAREN: u8 = 0x28; // (
export const RIGHT_PAREN: u8 = 0x29; // )
export const ASTERISK: u8 = 0x2a; // *
export const PLUS: u8 = 0x2b; // +
export const COMMA: u8 = 0x2c; // ,
export const MINUS: u8 = 0x2d; // -
export const DOT: u8 = 0x2e; // .
export const SLASH: u8 = 0x2f; // /
export const DIGIT_0: u8 = 0x30;
export const COLON: u8 = 0x3a; // :
export const SEMICOLON: u8 = 0x3b; // ;
export const LESS: u8 = 0x3c; // <
export const EQUALS: u8 = 0x3d; // =
export const GREATER: u8 = 0x3e; // >
export const QUESTION: u8 = 0x3f; // ?
export const UPPER_A: u8 = 0x41;
export const LEFT_BRACKET: u8 = 0x5b; // [
export const BACKSLASH: u8 = 0x5c;
export const RIGHT_BRACKET: u8 = 0x5d; // ]
export const CARET: u8 = 0x5e; // ^
export const UNDERSCORE: u8 = 0x5f; // _
export const LOWER_A: u8 = 0x61;
export const LOWER_E: u8 = 0x65;
export const LOWER_F: u8 = 0x66;
export const LOWER_N: u8 = 0x6e;
export const LOWER_T: u8 = 0x74;
export const LOWER_U: u8 = 0x75;
export const LOWER_V: u8 = 0x76;
export const LEFT_BRACE: u8 = 0x7b; // {
export const PIPE: u8 = 0x7c; // |
export const RIGHT_BRACE: u8 = 0x7d; // }
export const TILDE: u8 = 0x7e; // ~
export const DEL: u8 = 0x7f;

/** `0` to `9`. */
// @ts-ignore: decorator
@inline
export function isDigit(c: u8): bool {
  return <u8>(c - DIGIT_0) <= 9;
}

/** `A`-`Z` or `a`-`z`. */
// @ts-ignore: decorator
@inline
export function isLetter(c: u8): bool {
  return <u8>((c | 0x20) - LOWER_A) < 26;
}

/** A space or a tab, which may surround the elements of a header (RFC 9110, 5.6.3). */
// @ts-ignore: decorator
@inline
export function isBlank(c: u8): bool {
  return c == SPACE || c == TAB;
}

/** White space of JSON (RFC 8259, 2), and between lines. */
// @ts-ignore: decorator
@inline
export function isSpace(c: u8): bool {
  return c == SPACE || c == LF || c == CR || c == TAB;
}

/** Whether all `len` bytes at `ptr` are white space; true if there are none. */
export function isAllSpace(ptr: usize, len: i32): bool {
  for (let i = 0; i < len; ++i) {
    if (!isSpace(load<u8>(ptr + i))) return false;
  }
  return true;
}

/** `A`-`Z` as lower case, everything else unchanged. */
// @ts-ignore: decorator
@inline
export function toLower(c: u8): u8 {
  return <u8>(c - UPPER_A) < 26 ? c | 0x20 : c;
}

/** The value of a hexadecimal digit, or -1. */
export function hexValue(c: u8): i32 {
  if (isDigit(c)) return c - DIGIT_0;
  const letter = <u8>((c | 0x20) - LOWER_A);
  return letter < 6 ? 10 + letter : -1;
}

/** A copy of `text` with ASCII letters in lower case. The standard library's version would add tables of all Unicode letters. */
export function inLowerCase(text: ArrayBuffer): ArrayBuffer {
  const lower = text.slice(0);
  for (let i = 0; i < lower.byteLength; ++i) {
    const at = changetype<usize>(lower) + i;
    store<u8>(at, toLower(load<u8>(at)));
  }
  return lower;
}

/** Whether the `len` bytes at `ptr` equal `lower`, given in lower case, in any case of ASCII letters. */
export function equalsIgnoreCase(ptr: usize, len: i32, lower: ArrayBuffer): bool {
  if (len != lower.byteLength) return false;
  for (let i = 0; i < len; ++i) {
    if (toLower(load<u8>(ptr + i)) != load<u8>(changetype<usize>(lower) + i)) return false;
  }
  return true;
}
