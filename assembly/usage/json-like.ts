import { DEL, isSpace, LEFT_BRACE, LEFT_BRACKET, NUL, SPACE } from "../bytes/ascii";

/** A byte order mark has at most four bytes, and so has a character. */
const LOOKED_AT: i32 = 8;

/**
 * Whether bytes look like the beginning of a JSON text in UTF-8, UTF-16 or UTF-32, with or without a byte order mark. Some
 * servers send and accept JSON as binary messages.
 */
export function isJsonLike(ptr: usize, len: i32): bool {
  for (let i = 0; i < min(len, LOOKED_AT); ++i) {
    const c = load<u8>(ptr + i);
    if (c == LEFT_BRACE || c == LEFT_BRACKET) return true;
    const isMark = c == 0xef || c == 0xbb || c == 0xbf || c == 0xfe || c == 0xff || c == NUL;
    if (!isMark && !isSpace(c)) return false;
  }
  return false;
}

/**
 * Whether bytes look like the beginning of UTF-8 text: they have no control characters except white space. Recordings and
 * other files soon have one.
 */
export function isTextLike(ptr: usize, len: i32): bool {
  for (let i = 0; i < len; ++i) {
    const c = load<u8>(ptr + i);
    if (c == DEL || (c < SPACE && !isSpace(c))) return false;
  }
  return true;
}
