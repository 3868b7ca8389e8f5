import { DIGIT_0, DOT, isDigit, LOWER_E, MINUS, PLUS } from "../bytes/ascii";

/** The largest number of tokens that is accepted in a field. */
export const MAX_COUNT: i64 = 1 << 40;

/** The longest number that is read, in characters. */
export const MAX_DIGITS: i32 = 64;

/** What `parseCount` returns for text that is not a number. */
export const NO_COUNT: i64 = -1;

/** Whether the last `parseCount` had to adjust its result. */
export let countClamped: bool = false;

/**
 * Reads a JSON number that counts tokens: 0 to `MAX_COUNT`, or `NO_COUNT`.
 * A whole number may be written as a float (`3.0`, `1e3`), as Titan and Cohere do. Other numbers are adjusted: negative ones
 * become 0, fractions are rounded up, larger ones become `MAX_COUNT`. So nonsense is never a credit. `countClamped` says
 * whether that happened.
 */
export function parseCount(ptr: usize, len: i32): i64 {
  countClamped = true;
  if (len > MAX_DIGITS) return MAX_COUNT;
  const end = ptr + len;
  const negative = len > 0 && load<u8>(ptr) == MINUS;
  const from = negative ? ptr + 1 : ptr;

  // The mantissa is a whole number of `digits` digits with the decimal point after the first `point` of them.
  let at = from;
  let digits = 0;
  let point = -1;
  for (; at < end; ++at) {
    const c = load<u8>(at);
    if (isDigit(c)) ++digits;
    else if (c == DOT && point < 0) point = digits;
    else break;
  }
  if (digits == 0) return NO_COUNT;
  if (point < 0) point = digits;
  const mantissaEnd = at;
  if (at < end) {
    if ((load<u8>(at) | 0x20) != LOWER_E) return NO_COUNT;
    const exponent = parseExponent(at + 1, end);
    if (exponent == i32.MIN_VALUE) return NO_COUNT;
    point += exponent;
  }

  let value: i64 = 0;
  let fraction = false;
  let index = 0;
  for (at = from; at < mantissaEnd; ++at) {
    const c = load<u8>(at);
    if (c == DOT) continue;
    if (index++ < point) value = min(value * 10 + <i64>(c - DIGIT_0), MAX_COUNT + 1);
    else if (c != DIGIT_0) fraction = true;
  }
  for (; index < point && value > 0 && value <= MAX_COUNT; ++index) value *= 10;

  countClamped = fraction || value > MAX_COUNT || (negative && value > 0);
  if (negative) return 0;
  return min(fraction ? value + 1 : value, MAX_COUNT);
}

/** The exponent, limited to the range that matters; the smallest integer if it is malformed. */
function parseExponent(from: usize, end: usize): i32 {
  let at = from;
  const sign: u8 = at < end ? load<u8>(at) : 0;
  if (sign == MINUS || sign == PLUS) ++at;
  if (at == end) return i32.MIN_VALUE;
  let value = 0;
  for (; at < end; ++at) {
    const c = load<u8>(at);
    if (!isDigit(c)) return i32.MIN_VALUE;
    value = min(value * 10 + <i32>(c - DIGIT_0), 1000);
  }
  return sign == MINUS ? -value : value;
}
