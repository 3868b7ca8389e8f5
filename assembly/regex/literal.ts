import { Bytes, copyOf, EMPTY } from "../bytes/bytes";
import { encodeRune, REPLACEMENT } from "../bytes/utf8";
import { Code } from "./code";
import { argumentOf, Assertion, Op, opOf } from "./program";
import { SetTable } from "./set-table";

/** How many bytes of a literal are kept. */
const MAX_LITERAL: i32 = 64;
/** Shorter literals inside a pattern say too little about a text. */
export const MIN_INNER: i32 = 4;

/** Bytes that every text contains that a pattern matches. */
@final
export class Literal {
  constructor(
    readonly bytes: Bytes,
    /** Whether they are at the beginning of the text. */
    readonly isPrefix: bool,
    /** Whether the pattern matches every text that contains them there. */
    readonly isEnough: bool,
  ) {}
}

/** No bytes: every text contains these. */
const NOTHING = new Literal(EMPTY, false, false);

/** The current literal, with room for one more rune, and its length. */
const buffer = memory.data(68);
let length: i32 = 0;

/**
 * The literal of complete code, whose `Class` instructions hold numbers of `sets`: the common beginning of all matching texts,
 * or otherwise the longest run of single runes that every match contains, if it has at least `MIN_INNER` bytes.
 */
export function literalOf(code: Code, sets: SetTable): Literal {
  // The runes on the only path from the beginning of the code, which may be anchored to the beginning of the text.
  let isPrefix = false;
  let isAsserting = false;
  let at = 0;
  length = 0;
  for (; at < code.length; ++at) {
    const word = code.get(at);
    const argument = argumentOf(word);
    if (opOf(word) == Op.Class && append(sets, argument)) continue;
    if (opOf(word) != Op.Assert) break;
    if (length == 0 && argument == Assertion.BeginText) isPrefix = true;
    else isAsserting = true;
  }
  if (isPrefix ? length > 0 : length >= MIN_INNER && endsAt(code, at)) {
    return new Literal(copyOf(buffer, length), isPrefix, !isAsserting && endsAt(code, at));
  }
  return innerLiteral(code, sets);
}

/** Whether the code at `at` can match without another rune, like `.*` at the end of a pattern. */
function endsAt(code: Code, at: i32): bool {
  const word = code.get(at);
  if (isMatch(code, at)) return true;
  return opOf(word) == Op.Split && (isMatch(code, at + 1) || isMatch(code, at + argumentOf(word)));
}

function isMatch(code: Code, at: i32): bool {
  return opOf(code.get(at)) == Op.Match;
}

function innerLiteral(code: Code, sets: SetTable): Literal {
  let longest = EMPTY;
  /** Some path skips words before this one. */
  let passedBy = 0;
  length = 0;
  // The last word is `Match`, which ends the last run.
  for (let at = 0; at < code.length; ++at) {
    const word = code.get(at);
    const op = opOf(word);
    if (op == Op.Assert || (op == Op.Class && at >= passedBy && append(sets, argumentOf(word)))) continue;
    if (length >= MIN_INNER && length > longest.byteLength) longest = copyOf(buffer, length);
    length = 0;
    // A jump back skips nothing, because the code that it repeats has been read once.
    if (op == Op.Split || op == Op.Jump) passedBy = max(passedBy, at + argumentOf(word));
  }
  return longest.byteLength > 0 ? new Literal(longest, false, false) : NOTHING;
}

/** Appends the only rune of a set. @returns false if there is no room, or if other bytes in a text may match it */
function append(sets: SetTable, set: i32): bool {
  if (length >= MAX_LITERAL || sets.count(set) != 1) return false;
  const rune = sets.lo(set, 0);
  // Invalid bytes are read as U+FFFD.
  if (rune != sets.hi(set, 0) || rune == REPLACEMENT) return false;
  length += encodeRune(buffer + length, rune);
  return true;
}
