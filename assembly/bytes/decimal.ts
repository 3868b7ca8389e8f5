import { DIGIT_0, isDigit, MINUS } from "./ascii";

/** What the parser below returns for everything that is not a number in its range. */
export const NOT_A_NUMBER: i64 = i64.MIN_VALUE;

/**
 * Reads an optionally signed decimal integer that fills the `len` bytes at `ptr`.
 * @returns its value; `NOT_A_NUMBER` for an empty text, other bytes, or a magnitude above 2^63-1
 */
export function parseInteger(ptr: usize, len: i32): i64 {
  const negative = len > 0 && load<u8>(ptr) == MINUS;
  const from = negative ? 1 : 0;
  if (from >= len) return NOT_A_NUMBER;
  let value: i64 = 0;
  let i = from;
  // Two times eight digits are always in range.
  for (; i + 8 <= len && i - from < 16; i += 8) {
    const digits = load<u64>(ptr + i);
    if (!areDigits(digits)) return NOT_A_NUMBER;
    value = value * 100_000_000 + ofDigits(digits);
  }
  for (; i < len; ++i) {
    const c = load<u8>(ptr + i);
    if (!isDigit(c)) return NOT_A_NUMBER;
    const digit = <i64>(c - DIGIT_0);
    // Up to 18 digits are always in range.
    if (i - from >= 18 && value > (i64.MAX_VALUE - digit) / 10) return NOT_A_NUMBER;
    value = value * 10 + digit;
  }
  return negative ? -value : value;
}

/** The length of the longest number in decimal, including its sign. */
export const MAX_DECIMAL: i32 = 20;

/** Writes `value` in decimal at `ptr`, where `MAX_DECIMAL` bytes must be free. @returns its length, including the sign */
export function writeDecimal(ptr: usize, value: i64): i32 {
  let at = ptr;
  if (<u64>value < 10) {
    store<u8>(ptr, DIGIT_0 + <u8>value);
    return 1;
  }
  if (value < 0) store<u8>(at++, MINUS);
  const all: u64 = value < 0 ? <u64>0 - <u64>value : <u64>value;
  if (all < EIGHT_DIGITS) return <i32>(writeFew(at, <u32>all) - ptr);
  const above = all / EIGHT_DIGITS;
  if (above < EIGHT_DIGITS) {
    at = writeFew(at, <u32>above);
  } else {
    const first = above / EIGHT_DIGITS;
    at = writeFew(at, <u32>first);
    store<u64>(at, digitsOf(<u32>(above - first * EIGHT_DIGITS)));
    at += 8;
  }
  store<u64>(at, digitsOf(<u32>(all - above * EIGHT_DIGITS)));
  return <i32>(at + 8 - ptr);
}

/** Writes a number below 10^8 without leading zeros at `at`, where eight bytes must be free. @returns the end of its digits */
// @ts-ignore: decorator
@inline
function writeFew(at: usize, value: u32): usize {
  if (value < 10) {
    store<u8>(at, DIGIT_0 + <u8>value);
    return at + 1;
  }
  const digits = digitsOf(value);
  const zeroBits = ctz(digits ^ ZEROS) & 56;
  store<u64>(at, digits >> zeroBits);
  return at + 8 - <usize>(zeroBits >> 3);
}

// Eight digits are read and written at once, as the bytes of a word, because the numbers of commands have 19 digits. The first
// digit is the lowest byte.

const EIGHT_DIGITS: u64 = 100_000_000;
const ZEROS: u64 = 0x3030303030303030;

/** The eight digits of a number below 10^8. Divisions by 100 and 10 are multiplications, exact for numbers of this size. */
// @ts-ignore: decorator
@inline
function digitsOf(value: u32): u64 {
  // Two numbers of four digits, then four of two, then eight of one, each above the one before it.
  const fours = (<u64>(value / 10_000)) | ((<u64>(value % 10_000)) << 32);
  const hundreds = ((fours * 10_486) >> 20) & 0x0000007f_0000007f;
  const twos = hundreds | ((fours - hundreds * 100) << 16);
  const tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
  return (tens | ((twos - tens * 10) << 8)) + ZEROS;
}

/** Whether eight bytes are digits: their upper halves are 3, also when 6 is added to the lower ones. */
// @ts-ignore: decorator
@inline
function areDigits(bytes: u64): bool {
  return (bytes & (bytes + 0x0606060606060606) & 0xf0f0f0f0f0f0f0f0) == ZEROS;
}

/** The number that eight digits make. */
function ofDigits(digits: u64): i64 {
  // Neighbours are joined: eight digits to four numbers below 100, to two below 10^4, to one.
  const twos = (((digits - ZEROS) * (1 + (10 << 8))) >> 8) & 0x00ff_00ff_00ff_00ff;
  const fours = ((twos * (1 + (100 << 16))) >> 16) & 0x0000ffff_0000ffff;
  return <i64>((fours * (1 + ((<u64>10_000) << 32))) >> 32);
}

const SCRATCH: usize = memory.data(MAX_DECIMAL);

/**
 * `value` in decimal, for messages. A number in a template literal would add the standard library's tables for all radices to
 * the module.
 */
export function decimalText(value: i64): string {
  const length = writeDecimal(SCRATCH, value);
  const text = changetype<string>(__new((<usize>length) << 1, idof<string>()));
  for (let i = 0; i < length; ++i) {
    store<u16>(changetype<usize>(text) + ((<usize>i) << 1), load<u8>(SCRATCH + i));
  }
  return text;
}
