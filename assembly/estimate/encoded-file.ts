import { isLetter, LOWER_A, NUL, SPACE } from "../bytes/ascii";
import { base64Bits, isBase64 } from "../bytes/base64";

/** Pieces of at most so many bytes are judged... */
export const JUDGED_BYTES: i32 = 128;
/** ...and of at least so many: shorter ones tell too little. */
export const LEAST_JUDGED: i32 = 112;
/** Bytes of an encoded file per token: a picture of 200 KB is about 300, one of 1 MB about 1,400. */
export const FILE_BYTES_PER_TOKEN: i64 = 1024;

/** A string may be a file if so many bytes are of the alphabet of base64. */
export const FILE_START: i32 = 256;

/** How far apart a piece may repeat itself, if it is to be silence or an area of one colour. */
const MAX_PERIOD: i32 = 64;

/** How often each of the 26 letters occurs, whatever its case. */
const LETTERS = memory.data(26);
const DECODED: usize = memory.data(JUDGED_BYTES);

/** Whether the `len` bytes at `ptr` are all of the alphabet of base64. */
export function isAllBase64(ptr: usize, len: i32): bool {
  for (let i = 0; i < len; ++i) {
    if (!isBase64(load<u8>(ptr + i))) return false;
  }
  return true;
}

/**
 * Whether the `len` bytes at `ptr`, about 128 of them from anywhere in a string, are of a file in base64 whose bytes have no pattern, as in
 * compressed pictures, sound and documents. Text written without blanks is not, however capitals and digits are strewn
 * into it, since some letters are more frequent than others in every language; nor is text that was encoded.
 *
 * Of 26 letters that are equally frequent, two are the same one in 26 times, and in a piece of a file one in 18 times or
 * more with a probability of 4 in a million; in English they are one in 15 times, and in other languages more often.
 */
export function isEncodedFile(ptr: usize, len: i32): bool {
  if (!isAllBase64(ptr, len) || !isMixed(ptr, len)) return false;
  memory.fill(LETTERS, 0, 26);
  let letters = 0;
  let alike = 0;
  for (let i = 0; i < len; ++i) {
    const c = load<u8>(ptr + i) | 0x20;
    if (!isLetter(c)) continue;
    const count = LETTERS + <usize>(c - LOWER_A);
    const before = load<u8>(count);
    alike += before;
    store<u8>(count, before + 1);
    ++letters;
  }
  // `alike` of letters * (letters - 1) / 2 pairs.
  return letters * 2 > len && alike * 2 * 18 <= letters * (letters - 1) && !holdsText(ptr, len);
}

/**
 * The same for a string that is said to be a file, and that no model reads as text: sound without compression and
 * bitmaps have patterns. Each of their bytes is often near the one before it, or the second, third or fourth before.
 */
export function mayBeFile(ptr: usize, len: i32): bool {
  return isAllBase64(ptr, len) && isMixed(ptr, len) && !holdsText(ptr, len) && isSmooth(ptr, len);
}

/** Whether there are more capitals, and fewer small letters in a row, than in words. */
function isMixed(ptr: usize, len: i32): bool {
  let capitals = 0;
  let smallPairs = 0;
  let wasSmall = false;
  for (let i = 0; i < len; ++i) {
    const c = load<u8>(ptr + i);
    const isSmall = c >= LOWER_A && isLetter(c);
    if (isSmall && wasSmall) ++smallPairs;
    if (!isSmall && isLetter(c)) ++capitals;
    wasSmall = isSmall;
  }
  return capitals * 8 >= len && smallPairs * 20 <= len * 7;
}

/**
 * Whether the piece repeats itself all the time, as silence and areas of one colour do.
 * @param mixed whether it must not be one that text may have, such as a ruler
 */
export function isMonotonous(ptr: usize, len: i32, mixed: bool): bool {
  if (!isAllBase64(ptr, len) || (mixed && !isMixed(ptr, len))) return false;
  for (let period = 1; period <= MAX_PERIOD; ++period) {
    if (memory.compare(ptr, ptr + period, len - period) == 0) return true;
  }
  return false;
}

/** Whether the piece of base64 at `ptr` stands for text, wherever its groups of four begin. */
function holdsText(ptr: usize, len: i32): bool {
  for (let from = 0; from < 4; ++from) {
    const size = decode(ptr, len, from);
    // 37 of 100 bytes without pattern are printable, and 6 make a character beyond ASCII.
    if (textIn(DECODED, size) * 10 > size * 7) return true;
  }
  return false;
}

/** Whether the piece of base64 at `ptr` stands for samples of something that changes little. */
function isSmooth(ptr: usize, len: i32): bool {
  for (let from = 0; from < 4; ++from) {
    const size = decode(ptr, len, from);
    for (let stride = 1; stride <= 4; ++stride) {
      let near = 0;
      for (let i = stride; i < size; ++i) {
        const step = <i8>(load<u8>(DECODED + i) - load<u8>(DECODED + i - stride));
        if (step >= -3 && step <= 3) ++near;
      }
      if (near * 5 >= size * 2) return true;
    }
  }
  return false;
}

/** Decodes the piece of base64 at `ptr`, whose first group of four begins at `from`, into `DECODED`. */
function decode(ptr: usize, len: i32, from: i32): i32 {
  let size = 0;
  for (let i = from; i + 4 <= len; i += 4) {
    const group = ptr + i;
    const bits =
      (base64Bits(load<u8>(group)) << 18) |
      (base64Bits(load<u8>(group, 1)) << 12) |
      (base64Bits(load<u8>(group, 2)) << 6) |
      base64Bits(load<u8>(group, 3));
    store<u8>(DECODED + size, <u8>(bits >> 16));
    store<u8>(DECODED + size, <u8>(bits >> 8), 1);
    store<u8>(DECODED + size, <u8>bits, 2);
    size += 3;
  }
  return size;
}

/** How many of the `len` bytes at `ptr` may be those of text, in UTF-8 or UTF-16. */
function textIn(ptr: usize, len: i32): i32 {
  let text = 0;
  let wasText = false;
  let i = 0;
  while (i < len) {
    const c = load<u8>(ptr + i);
    const size = characterSize(ptr + i, len - i);
    // Every second byte of ASCII in UTF-16 is zero.
    if (size == 0 && c == NUL && wasText) ++text;
    wasText = size > 0;
    text += size;
    i += max(size, 1);
  }
  return text;
}

/** The size of the character of UTF-8 that begins at `at`, or 0 if none does that belongs to text. */
function characterSize(at: usize, left: i32): i32 {
  const c = load<u8>(at);
  if (c < 0x80) return (c >= SPACE && c < 0x7f) || (c >= 9 && c <= 13) ? 1 : 0;
  const size = c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
  if (size > left) return 0;
  for (let i = 1; i < size; ++i) {
    if ((load<u8>(at + i) & 0xc0) != 0x80) return 0;
  }
  return size;
}

/** Whether the `len` bytes at `ptr`, which are not JSON, are those of a recording or a picture as it is. */
export function isBinary(ptr: usize, len: i32): bool {
  let letters = 0;
  for (let i = 0; i < len; ++i) {
    const c = load<u8>(ptr + i);
    if (isLetter(c) || c == SPACE) ++letters;
  }
  // Of bytes without pattern, 43 of 100 may be text, and 21 are letters and blanks: these bounds are six deviations off.
  return textIn(ptr, len) * 4 < len * 3 && letters * 2 < len;
}

/** Whether the string at `ptr`, of so many bytes at least, may be a file: all are of the alphabet of base64. */
export function isBase64At(ptr: usize): bool {
  for (let i = 0; i < FILE_START; ++i) {
    if (!isBase64(load<u8>(ptr + i))) return false;
  }
  return true;
}
