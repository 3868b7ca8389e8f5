import { MINUS } from "../bytes/ascii";
import { NOT_A_NUMBER, parseInteger } from "../bytes/decimal";
import { JsonText } from "../json/text";

/** The longest name, number or string that is read, in bytes. Longer ones are not understood, wherever they are cut. */
export const MAX_TEXT: i32 = 64;

/** Whether a text is short enough to be read. The answer does not depend on where the body was cut. */
export function isReadable(text: JsonText): bool {
  return !text.truncated && text.length <= MAX_TEXT;
}

/** Whether a number is negative, -0 included. */
export function isNegative(text: JsonText): bool {
  return isReadable(text) && load<u8>(text.ptr) == MINUS;
}

/** A number that is written as digits only; -1 for other numbers, and above 2^63-1. */
export function wholeNumber(text: JsonText): i64 {
  if (!isReadable(text) || isNegative(text)) return -1;
  const value = parseInteger(text.ptr, text.length);
  return value == NOT_A_NUMBER ? -1 : value;
}
