/** U+FFFD, which replaces a byte that is not part of valid UTF-8. */
export const REPLACEMENT: i32 = 0xfffd;

/** The length of the code point that `decodeRune` read last: 1 to 4 bytes; 1 for an invalid byte. */
export let runeLength: i32 = 0;

/**
 * Decodes the code point at `ptr`, which must be below `end`, and sets `runeLength`.
 * A byte that does not begin a valid, shortest-form sequence is read as a single U+FFFD, as in Go's unicode/utf8.
 */
export function decodeRune(ptr: usize, end: usize): i32 {
  const first = <i32>load<u8>(ptr);
  runeLength = 1;
  if (first < 0x80) return first;
  const size =
    first >= 0xc2 && first < 0xe0
      ? 2
      : first >= 0xe0 && first < 0xf0
        ? 3
        : first >= 0xf0 && first < 0xf5
          ? 4
          : 0;
  if (size == 0 || ptr + size > end) return REPLACEMENT;
  let rune = first & (0x7f >> size);
  for (let i = 1; i < size; ++i) {
    const next = <i32>load<u8>(ptr + i);
    if ((next & 0xc0) != 0x80) return REPLACEMENT;
    rune = (rune << 6) | (next & 0x3f);
  }
  if (size == 3 && (rune < 0x800 || (rune >= 0xd800 && rune < 0xe000))) return REPLACEMENT;
  if (size == 4 && (rune < 0x10000 || rune > 0x10ffff)) return REPLACEMENT;
  runeLength = size;
  return rune;
}

/** Writes a code point as UTF-8 at `ptr` (up to 4 bytes). Surrogates become U+FFFD. @returns its length in bytes */
export function encodeRune(ptr: usize, rune: i32): i32 {
  let r = rune;
  if (r < 0 || r > 0x10ffff || (r >= 0xd800 && r < 0xe000)) r = REPLACEMENT;
  if (r < 0x80) {
    store<u8>(ptr, <u8>r);
    return 1;
  }
  if (r < 0x800) {
    store<u8>(ptr, <u8>(0xc0 | (r >> 6)));
    store<u8>(ptr + 1, <u8>(0x80 | (r & 0x3f)));
    return 2;
  }
  if (r < 0x10000) {
    store<u8>(ptr, <u8>(0xe0 | (r >> 12)));
    store<u8>(ptr + 1, <u8>(0x80 | ((r >> 6) & 0x3f)));
    store<u8>(ptr + 2, <u8>(0x80 | (r & 0x3f)));
    return 3;
  }
  store<u8>(ptr, <u8>(0xf0 | (r >> 18)));
  store<u8>(ptr + 1, <u8>(0x80 | ((r >> 12) & 0x3f)));
  store<u8>(ptr + 2, <u8>(0x80 | ((r >> 6) & 0x3f)));
  store<u8>(ptr + 3, <u8>(0x80 | (r & 0x3f)));
  return 4;
}

/** The bytes at `ptr` as text. Each invalid byte becomes one U+FFFD, so that no valid neighbour is lost. */
export function decodeText(ptr: usize, len: i32): string {
  const end = ptr + len;
  // One UTF-16 unit for each byte is always enough: 4 bytes become 2 units, and 1 invalid byte becomes 1.
  const units = new StaticArray<u16>(len);
  const out = changetype<usize>(units);
  let n = 0;
  for (let at = ptr; at < end; at += runeLength) {
    const rune = decodeRune(at, end);
    if (rune < 0x10000) {
      store<u16>(out + (n++ << 1), <u16>rune);
    } else {
      store<u16>(out + (n++ << 1), <u16>(0xd800 + ((rune - 0x10000) >> 10)));
      store<u16>(out + (n++ << 1), <u16>(0xdc00 + (rune & 0x3ff)));
    }
  }
  return String.UTF16.decodeUnsafe(out, n << 1);
}

/** A byte string as text; see `decodeText`. */
export function textOf(b: ArrayBuffer): string {
  return decodeText(changetype<usize>(b), b.byteLength);
}
