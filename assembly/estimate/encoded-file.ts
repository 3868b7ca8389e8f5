import { isLetter, LOWER_A, NUL, SPACE } from "../bytes/ascii";
import { base64Bits, isBase64 } from "../bytes/base64";

/** The longest piece that is judged, in bytes. */
export const JUDGED_BYTES: i32 = 128;
/** The shortest one: fewer bytes say too little. */
export const LEAST_JUDGED: i32 = 112;
/** Bytes of an encoded file per token: a picture of 200 KB is about 300, one of 1 MB about 1,400. */
export const FILE_BYTES_PER_TOKEN: i64 = 1024;

/** A string may be a file if at least this many characters of base64 begin it. */
export const FILE_START: i32 = 256;

/** The longest period, in bytes, at which silence or an area of one colour repeats itself. */
const MAX_PERIOD: i32 = 64;

/** The number of each of the 26 letters, regardless of case. */
const LETTERS = memory.data(26);
const DECODED: usize = memory.data(JUDGED_BYTES);

/** Whether all of the `len` bytes at `ptr` are base64 characters. */
export function isAllBase64(ptr: usize, len: i32): bool {
  for (let i = 0; i < len; ++i) {
    if (!isBase64(load<u8>(ptr + i))) return false;
  }
  return true;
}

/**
 * Whether the `len` bytes at `ptr`, about 128 from anywhere in a string, belong to a base64-encoded file whose bytes have no
 * pattern, such as a compressed picture, recording or document. Text without spaces does not pass, no matter how capitals and
 * digits are mixed into it, because every language uses some letters more than others. Base64-encoded text does not pass
 * either.
 *
 * If 26 letters are equally frequent, two of them are the same in one case of 26. In a piece of a file, the rate reaches one
 * in 18 with a probability of 4 in a million. In English it is one in 15, and in other languages higher.
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
 * The same for a string that claims to be a file and that no model reads as text. Uncompressed sound and bitmaps do have
 * patterns: a byte is often close in value to one of the four bytes before it.
 */
export function mayBeFile(ptr: usize, len: i32): bool {
  return isAllBase64(ptr, len) && isMixed(ptr, len) && !holdsText(ptr, len) && isSmooth(ptr, len);
}

/** Whether there are more capitals, and shorter runs of small letters, than in words. */
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
 * Whether the piece does nothing but repeat itself, as silence and areas of one colour do.
 * @param mixed whether to reject repetitions that text may have, such as rulers
 */
export function isMonotonous(ptr: usize, len: i32, mixed: bool): bool {
  if (!isAllBase64(ptr, len) || (mixed && !isMixed(ptr, len))) return false;
  for (let period = 1; period <= MAX_PERIOD; ++period) {
    if (memory.compare(ptr, ptr + period, len - period) == 0) return true;
  }
  return false;
}

/** Whether the base64 at `ptr` decodes to text, wherever its groups of four begin. */
function holdsText(ptr: usize, len: i32): bool {
  for (let from = 0; from < 4; ++from) {
    const size = decode(ptr, len, from);
    // Of 100 random bytes, 37 are printable, and 6 are part of a character outside ASCII.
    if (textIn(DECODED, size) * 10 > size * 7) return true;
  }
  return false;
}

/** Whether the base64 at `ptr` decodes to samples that change little from one to the next. */
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

/** Decodes the base64 at `ptr`, whose first group of four begins at `from`, into `DECODED`. */
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

/** How many of the `len` bytes at `ptr` may be text in UTF-8 or UTF-16. */
function textIn(ptr: usize, len: i32): i32 {
  let text = 0;
  let wasText = false;
  let i = 0;
  while (i < len) {
    const c = load<u8>(ptr + i);
    const size = characterSize(ptr + i, len - i);
    // In UTF-16, every second byte of ASCII text is zero.
    if (size == 0 && c == NUL && wasText) ++text;
    wasText = size > 0;
    text += size;
    i += max(size, 1);
  }
  return text;
}

/** The size of the UTF-8 character at `at`; 0 if there is none, or if text does not contain it. */
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

/** Whether the `len` bytes at `ptr`, which are not JSON, belong to a recording or picture that is not encoded. */
export function isBinary(ptr: usize, len: i32): bool {
  let letters = 0;
  for (let i = 0; i < len; ++i) {
    const c = load<u8>(ptr + i);
    if (isLetter(c) || c == SPACE) ++letters;
  }
  // Of 100 random bytes, 43 may be text, and 21 are letters and spaces: these bounds are six standard deviations away.
  return textIn(ptr, len) * 4 < len * 3 && letters * 2 < len;
}

/** Whether the string at `ptr`, which has at least `FILE_START` bytes, begins with as many base64 characters. */
export function isBase64At(ptr: usize): bool {
  for (let i = 0; i < FILE_START; ++i) {
    if (!isBase64(load<u8>(ptr + i))) return false;
  }
  return true;
}
