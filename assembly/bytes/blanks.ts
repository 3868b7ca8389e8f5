/**
 * The blanks that do not count at the ends of a value. HTTP strips spaces and tabs (RFC 9110, 5.5). What applications strip in
 * addition depends on their language, so this is the union: control characters, the Unicode white space that `trim` of
 * JavaScript and `TrimSpace` of Go remove (in UTF-8), and that of `strip` of Python, which reads the bytes as ISO 8859-1. A byte
 * that belongs to another UTF-8 character is not a blank.
 */

/** The address of the first byte that is not a blank, or `end`. */
export function skipBlanks(from: usize, end: usize): usize {
  let at = from;
  while (at < end) {
    const size = blankAt(at, end);
    if (size == 0) break;
    at += size;
  }
  return at;
}

/** The address after the last byte that is not a blank, or `from`. */
export function dropBlanks(from: usize, end: usize): usize {
  let at = end;
  while (at > from) {
    const size = blankBefore(from, at);
    if (size == 0) break;
    at -= size;
  }
  return at;
}

/** The size of the blank that begins at `at`, or 0. */
export function blankAt(at: usize, end: usize): usize {
  const c = load<u8>(at);
  if (c <= 0x20) return 1;
  if (c < 0x80) return 0;
  if (isLatinBlank(c)) return 1;
  if (at + 1 < end && isWideBlank(c, load<u8>(at, 1))) return 2;
  return at + 2 < end && isWiderBlank(c, load<u8>(at, 1), load<u8>(at, 2)) ? 3 : 0;
}

/** The size of the blank that ends at `end`, or 0. */
function blankBefore(from: usize, end: usize): usize {
  const c = load<u8>(end - 1);
  if (c <= 0x20) return 1;
  if (c < 0x80) return 0;
  const before: u8 = end - from > 1 ? load<u8>(end - 2) : 0;
  if (isWideBlank(before, c)) return 2;
  if (end - from > 2 && isWiderBlank(load<u8>(end - 3), before, c)) return 3;
  return isLatinBlank(c) && before < 0x80 ? 1 : 0;
}

/** U+0085 and U+00A0 in ISO 8859-1. */
// @ts-ignore: decorator
@inline
function isLatinBlank(c: u8): bool {
  return c == 0x85 || c == 0xa0;
}

/** U+0085 and U+00A0 in UTF-8. */
// @ts-ignore: decorator
@inline
function isWideBlank(a: u8, b: u8): bool {
  return a == 0xc2 && isLatinBlank(b);
}

/** U+1680, U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F, U+3000, U+FEFF. */
function isWiderBlank(a: u8, b: u8, c: u8): bool {
  if (a == 0xe2 && b == 0x80) return <u8>(c - 0x80) <= 0x0a || c == 0xa8 || c == 0xa9 || c == 0xaf;
  if (a == 0xe2) return b == 0x81 && c == 0x9f;
  if (a == 0xe1) return b == 0x9a && c == 0x80;
  if (a == 0xe3) return b == 0x80 && c == 0x80;
  return a == 0xef && b == 0xbb && c == 0xbf;
}
