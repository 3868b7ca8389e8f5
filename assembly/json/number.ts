import { DIGIT_0, DOT, isDigit, LOWER_E, MINUS, PLUS } from "../bytes/ascii";

/** The part of a number that was read last (RFC 8259, section 6). */
export const enum Digits {
  Minus,
  Zero,
  Integer,
  Dot,
  Fraction,
  E,
  ExponentSign,
  Exponent,
}

/** The part with which a number begins if its first byte is `c`; -1 if no number begins with it. */
export function firstDigits(c: u8): i32 {
  if (c == MINUS) return Digits.Minus;
  if (!isDigit(c)) return -1;
  return c == DIGIT_0 ? Digits.Zero : Digits.Integer;
}

/** The part to which `c` belongs after `last`; -1 if `c` does not belong to the number. */
export function nextDigits(last: Digits, c: u8): i32 {
  if (isDigit(c)) {
    switch (last) {
      case Digits.Minus:
        return c == DIGIT_0 ? Digits.Zero : Digits.Integer;
      case Digits.Zero:
        return -1;
      case Digits.Dot:
        return Digits.Fraction;
      case Digits.E:
      case Digits.ExponentSign:
        return Digits.Exponent;
      default:
        return last;
    }
  }
  if (c == DOT) return last == Digits.Zero || last == Digits.Integer ? Digits.Dot : -1;
  if ((c | 0x20) == LOWER_E) {
    return last == Digits.Zero || last == Digits.Integer || last == Digits.Fraction ? Digits.E : -1;
  }
  if (c == PLUS || c == MINUS) return last == Digits.E ? Digits.ExponentSign : -1;
  return -1;
}

/** Whether a number may end after `last`. */
export function mayEnd(last: Digits): bool {
  return last == Digits.Zero || last == Digits.Integer || last == Digits.Fraction || last == Digits.Exponent;
}
