import { DIGIT_0, DOT, isDigit, LOWER_E, MINUS, PLUS } from "../bytes/ascii";
import { addressOf, Bytes, bytesOf, EMPTY } from "../bytes/bytes";
import { textOf } from "../bytes/utf8";
import { JsonValue } from "../json/value";
import { JsonType } from "../json/values";

const TRUE = bytesOf("true");
const FALSE = bytesOf("false");

/** The text of a scalar: a string, a number as in the source, `true`, `false`, or nothing for null. Null for other values. */
export function textOfScalar(value: JsonValue): Bytes | null {
  switch (value.type) {
    case JsonType.String:
    case JsonType.Number:
      return value.bytes;
    case JsonType.True:
      return TRUE;
    case JsonType.False:
      return FALSE;
    case JsonType.Null:
      return EMPTY;
    default:
      return null;
  }
}

/** "a string", "null" and so on, for messages. */
export function kindOf(value: JsonValue): string {
  switch (value.type) {
    case JsonType.String:
      return "a string";
    case JsonType.Number:
      return "a number";
    case JsonType.True:
    case JsonType.False:
      return "a boolean";
    case JsonType.Null:
      return "null";
    case JsonType.Array:
      return "a list";
    default:
      return "an object";
  }
}

/**
 * The end of a message, which says what was found instead of the expected value: ", is 1.5" or ", is a list". Strings are never
 * quoted, in any field: they may be a secret that was put into the wrong one.
 */
export function found(value: JsonValue): string {
  const isShown =
    value.type == JsonType.Number || value.type == JsonType.True || value.type == JsonType.False;
  if (isShown) return `, is ${literalText(value)}`;
  // Digits in quotes are accepted like a number, so the problem is not that they are a string.
  if (value.type == JsonType.String && isInteger(value.bytes)) return "";
  return `, is ${kindOf(value)}`;
}

/** A number, `true` or `false` as in the source, cut after 40 characters. */
export function literalText(value: JsonValue): string {
  const text = textOf(value.raw);
  return text.length > 40 ? text.substring(0, 40) + "…" : text;
}

/** A whole number read from a configuration. All share one object, so use it before the next is read. */
@final
class Integer {
  /** The number, truncated toward zero and limited to the range of i64. */
  value: i64 = 0;
  /** Whether no digits after the decimal point were cut off. */
  isWhole: bool = false;
}

const integer = new Integer();

/**
 * Reads a number in any notation, or a string of an optional minus and digits.
 * @param decimals how many digits after the decimal point belong to the result: with 4, it is in ten-thousandths
 * @returns null for everything else
 */
export function integerOf(value: JsonValue, decimals: i32 = 0): Integer | null {
  if (value.type == JsonType.Number) return truncate(value.bytes, decimals);
  return value.type == JsonType.String && isInteger(value.bytes) ? truncate(value.bytes, decimals) : null;
}

/** Whether a text is an optional minus and digits. */
export function isInteger(text: Bytes): bool {
  const ptr = addressOf(text);
  const length = text.byteLength;
  const from = length > 0 && load<u8>(ptr) == MINUS ? 1 : 0;
  for (let i = from; i < length; ++i) {
    if (!isDigit(load<u8>(ptr + i))) return false;
  }
  return length > from;
}

/** A larger exponent always means "huge" or "almost zero", because no number has this many digits. */
const MAX_EXPONENT: i32 = 1 << 28;

/**
 * The integer part of a JSON number whose decimal point is moved `decimals` places to the right. Computed from its digits,
 * without floating point.
 */
function truncate(text: Bytes, decimals: i32): Integer {
  const ptr = addressOf(text);
  const length = text.byteLength;
  const negative = length > 0 && load<u8>(ptr) == MINUS;
  const first = negative ? 1 : 0;

  let digitsEnd = first;
  let wholeDigits = -1; // before the point
  for (; digitsEnd < length; ++digitsEnd) {
    const c = load<u8>(ptr + digitsEnd);
    if (c == DOT) wholeDigits = digitsEnd - first;
    else if ((c | 0x20) == LOWER_E) break;
  }
  const hasPoint = wholeDigits >= 0;
  const digits = digitsEnd - first - (hasPoint ? 1 : 0);
  if (!hasPoint) wholeDigits = digits;
  wholeDigits += decimals + exponentOf(ptr + digitsEnd, length - digitsEnd);

  let value: i64 = 0;
  let isWhole = true;
  let position = 0;
  for (let i = first; i < digitsEnd; ++i) {
    const c = load<u8>(ptr + i);
    if (c == DOT) continue;
    const digit = <i64>(c - DIGIT_0);
    if (position++ < wholeDigits) value = timesTenPlus(value, digit);
    else if (digit != 0) isWhole = false;
  }
  // The exponent adds zeros. After twenty, the value is zero or saturated.
  for (let i = digits; i < min(wholeDigits, digits + 20); ++i) value = timesTenPlus(value, 0);
  integer.value = negative ? -value : value;
  integer.isWhole = isWhole;
  return integer;
}

/** The value of an exponent: `e` or `E`, a sign and digits; 0 for an empty text. Limited to `MAX_EXPONENT`. */
function exponentOf(ptr: usize, len: i32): i32 {
  let value = 0;
  for (let i = 1; i < len; ++i) {
    const c = load<u8>(ptr + i);
    if (c != PLUS && c != MINUS) value = min(value * 10 + (c - DIGIT_0), MAX_EXPONENT / 10);
  }
  return len > 1 && load<u8>(ptr + 1) == MINUS ? -value : value;
}

/** `value * 10 + digit`, limited to the largest i64. */
function timesTenPlus(value: i64, digit: i64): i64 {
  return value > (i64.MAX_VALUE - digit) / 10 ? i64.MAX_VALUE : value * 10 + digit;
}
