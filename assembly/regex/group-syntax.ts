import { COLON, EQUALS, GREATER, MINUS, RIGHT_PAREN, UNDERSCORE } from "../bytes/ascii";
import { isAlphanumeric } from "./escapes";
import { BAD_NAME, BAD_PERL, Pattern } from "./pattern";

/** The flags that a group or the pattern has set so far, as bits. */
export const enum Flag {
  FoldCase = 1,
  MultiLine = 2,
  DotAll = 4,
  /** Swaps greedy and lazy, which does not change whether there is a match. */
  Ungreedy = 8,
}

const EXCLAMATION: i32 = 0x21;
const NO_LOOKAROUND = "lookaround is not supported";

/** Whether a named group, `(?P<` or `(?<`, begins at the cursor. As in Go, something must follow. */
export function isNamed(p: Pattern): bool {
  return nameOffset(p) > 0;
}

/** Reads `(?P<name>` or `(?<name>`. @returns false with an error if the name is invalid */
export function skipName(p: Pattern): bool {
  const from = p.at;
  const begin = from + nameOffset(p);
  const close = p.find(">", from);
  const end = close < 0 ? p.length : close;
  if (!p.checkUtf8(close < 0 ? from : begin, end)) return false;
  let valid = close > begin;
  for (let i = begin; i < end && valid; ++i) {
    valid = p.byteAt(i) == UNDERSCORE || isAlphanumeric(p.byteAt(i));
  }
  if (valid) p.at = end + 1;
  else p.fail(BAD_NAME, from, min(end + 1, p.length), isAssertion(p.byteAt(begin)) ? NO_LOOKAROUND : "");
  return valid;
}

/**
 * Reads `(?flags)`, which applies up to the end of the enclosing group, or `(?flags:`, which opens a group.
 * @returns the flags that apply after it; -1 if there is an error
 */
export function parseFlags(p: Pattern, flags: i32): i32 {
  const from = p.at;
  let result = flags;
  let clearing = false;
  let seen = false;
  p.at += 2;
  let c = p.next();
  for (; c >= 0; c = p.next()) {
    const flag = flagOf(c);
    if (flag != 0) {
      result = clearing ? result & ~flag : result | flag;
      seen = true;
    } else if (c == MINUS && !clearing) {
      clearing = true;
      seen = false;
    } else if ((c == COLON || c == RIGHT_PAREN) && (seen || !clearing)) {
      return result;
    } else {
      break;
    }
  }
  p.fail(BAD_PERL, from, p.at, hintFor(c));
  return -1;
}

function nameOffset(p: Pattern): i32 {
  if (p.follows("(?P<") && p.peek(4) >= 0) return 4;
  return p.follows("(?<") && p.peek(3) >= 0 ? 3 : 0;
}

function flagOf(c: i32): i32 {
  switch (c) {
    case 0x69: // i
      return Flag.FoldCase;
    case 0x6d: // m
      return Flag.MultiLine;
    case 0x73: // s
      return Flag.DotAll;
    case 0x55: // U
      return Flag.Ungreedy;
    default:
      return 0;
  }
}

function isAssertion(c: i32): bool {
  return c == EQUALS || c == EXCLAMATION;
}

/** A hint about a group that only other engines know, by the character that follows `(?`. */
function hintFor(c: i32): string {
  if (isAssertion(c)) return NO_LOOKAROUND;
  if (c == GREATER) return "atomic groups are not supported, nor needed: no pattern backtracks";
  return c == 0x78 ? "the flags are i, m, s and U" : ""; // x
}
