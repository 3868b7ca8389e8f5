import { BACKSLASH, CARET, COLON, LEFT_BRACKET, MINUS, RIGHT_BRACKET } from "../bytes/ascii";
import { parseEscape } from "./escapes";
import { foldSet } from "./fold";
import { addRanges, perlRanges, posixRanges } from "./named-classes";
import { BAD_RANGE, MISSING_BRACKET, Pattern } from "./pattern";
import { RuneSet } from "./rune-set";
import { parseUnicodeClass } from "./unicode";

/** Reads a class escape at the cursor, `\d` or `\pL`, into `set`. @returns false, with nothing read, if there is none */
export function parseClassEscape(p: Pattern, set: RuneSet, fold: bool): bool {
  if (p.peek() != BACKSLASH) return false;
  const letter = p.peek(1);
  if (letter == 0x70 || letter == 0x50) return parseUnicodeClass(p, set, fold); // p, P
  const ranges = perlRanges(letter);
  if (ranges.length == 0) return false;
  p.at += 2;
  addRanges(set, ranges, letter < 0x60, fold);
  return true;
}

/** Reads a bracketed class, whose `[` is at the cursor, into `set`. */
export function parseClass(p: Pattern, set: RuneSet, fold: bool): void {
  const from = p.at++;
  const negated = p.peek() == CARET;
  if (negated) ++p.at;
  // A `]` in first place is a member.
  for (let first = true; first || p.peek() != RIGHT_BRACKET; first = false) {
    if (p.peek() < 0) return p.failAt(MISSING_BRACKET, from);
    if (!parsePosixClass(p, set, fold) && !p.failed && !parseClassEscape(p, set, fold) && !p.failed) {
      parseRange(p, set);
    }
    if (p.failed) return;
  }
  ++p.at;
  if (fold) foldSet(set);
  if (negated) set.negate();
}

/** Reads `[:alpha:]` or `[:^alpha:]`. */
function parsePosixClass(p: Pattern, set: RuneSet, fold: bool): bool {
  // Without an end in the rest of the pattern, the bracket is a member.
  if (p.peek() != LEFT_BRACKET || p.peek(1) != COLON || p.at + 2 > p.lastPosixEnd()) return false;
  const end = p.find(":]", p.at + 2);
  const negated = p.peek(2) == CARET;
  const ranges = posixRanges(p.text(p.at + (negated ? 3 : 2), end));
  if (ranges.length == 0) {
    p.fail(BAD_RANGE, p.at, end + 2);
    return false;
  }
  p.at = end + 2;
  addRanges(set, ranges, negated, fold);
  return true;
}

/** Reads a rune or a range of them. */
function parseRange(p: Pattern, set: RuneSet): void {
  const from = p.at;
  const lo = parseMember(p);
  if (lo < 0) return;
  let hi = lo;
  // In `[a-]` the minus is a member.
  if (p.peek() == MINUS && p.peek(1) >= 0 && p.peek(1) != RIGHT_BRACKET) {
    ++p.at;
    hi = parseMember(p);
    if (hi < 0) return;
    if (hi < lo) return p.fail(BAD_RANGE, from, p.at);
  }
  set.add(lo, hi);
}

function parseMember(p: Pattern): i32 {
  return p.peek() == BACKSLASH ? parseEscape(p) : p.next();
}
