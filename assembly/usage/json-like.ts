import { DEL, isSpace, LEFT_BRACE, LEFT_BRACKET, NUL, SPACE } from "../bytes/ascii";

/** An encoding's mark is at most three bytes, and a character at most four. */
const LOOKED_AT: i32 = 8;

/**
 * Whether bytes look like the beginning of a JSON text in UTF-8, UTF-16 or UTF-32, with a byte order mark or without:
 * some servers send theirs as binary messages, and take them so.
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
 * Whether bytes look like the beginning of a text in UTF-8: they hold no control characters but blanks. Recordings and other
 * files have some soon.
 */
export function isTextLike(ptr: usize, len: i32): bool {
  for (let i = 0; i < len; ++i) {
    const c = load<u8>(ptr + i);
    if (c == DEL || (c < SPACE && !isSpace(c))) return false;
  }
  return true;
}
