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
  for (let i = from; i < len; ++i) {
    const c = load<u8>(ptr + i);
    if (!isDigit(c)) return NOT_A_NUMBER;
    const digit = <i64>(c - DIGIT_0);
    // Up to 18 digits are always in range.
    if (i - from >= 18 && value > (i64.MAX_VALUE - digit) / 10) return NOT_A_NUMBER;
    value = value * 10 + digit;
  }
  return negative ? -value : value;
}

/** The length of `value` in decimal, including the sign. */
export function decimalLength(value: i64): i32 {
  let n = value < 0 ? 2 : 1;
  for (let rest = value / 10; rest != 0; rest /= 10) ++n;
  return n;
}

/** Writes `value` in decimal at `ptr`, where `decimalLength(value)` bytes must be free. @returns that length */
export function writeDecimal(ptr: usize, value: i64): i32 {
  const length = decimalLength(value);
  let at = ptr + length;
  let rest = value;
  do {
    const digit = rest % 10;
    store<u8>(--at, DIGIT_0 + <u8>(digit < 0 ? -digit : digit));
    rest /= 10;
  } while (rest != 0);
  if (value < 0) store<u8>(ptr, MINUS);
  return length;
}

/** Room for the longest number, including its sign. */
const SCRATCH: usize = memory.data(20);

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
