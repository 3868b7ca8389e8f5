import { Alphabet } from "./alphabet";
import { isAlphanumeric } from "./escapes";

/**
 * A compiled pattern: a Thompson NFA over character classes. Each instruction is a word of 32 bits:
 *
 *      31                             3   2   1   0
 *     +--------------------------------+-----------+
 *     | argument, signed               | Op        |
 *     +--------------------------------+-----------+
 *
 * Execution continues at the next word. Arguments of jumps are relative to their own word, so a block of code that refers only
 * to itself can be moved and copied.
 *
 *     a|b*    0  Split +3     either 1 or 3
 *             1  Class a
 *             2  Jump +4      to 6
 *             3  Split +3     either 4 or 6
 *             4  Class b
 *             5  Jump -2      to 3
 *             6  Match
 */
export const enum Op {
  /** Consumes one rune of class `argument` of the alphabet. */
  Class,
  /** Consumes one rune whose class has its bit set in the row that begins at word `argument` of `Program.rows`. */
  Set,
  /** Continues at both the next word and `argument`. */
  Split,
  /** Continues at `argument`. */
  Jump,
  /** Continues if the runes before and after the position satisfy the `Assertion` in the argument. */
  Assert,
  /** The pattern has matched. */
  Match,
}

/** Bits of `satisfied`. */
export const enum Assertion {
  BeginText = 1,
  EndText = 2,
  BeginLine = 4,
  EndLine = 8,
  WordBoundary = 16,
  NoWordBoundary = 32,
}

/** The result of a search in a text. */
export const enum Found {
  /** The text does not match, and neither does any text that begins with it. */
  Nothing,
  /** The text does not match, but a longer one that begins with it might. */
  NotYet,
  /** The text matches. */
  Match,
}

/** What assertions distinguish about the rune on one side of a position. */
export const enum Side {
  Other,
  Word,
  Newline,
  /** No rune: the beginning or the end of the text. */
  Edge,
}

/**
 * The most words of code to which a pattern may compile. A search has at most this many threads, so this bounds memory and the
 * time for each rune. Go allows about 3.3 million, but runs in its own process.
 */
export const MAX_CODE: i32 = 10_000;

// @ts-ignore: decorator
@inline
export function instruction(op: Op, argument: i32): i32 {
  return (argument << 3) | op;
}

// @ts-ignore: decorator
@inline
export function opOf(word: i32): Op {
  return word & 7;
}

// @ts-ignore: decorator
@inline
export function argumentOf(word: i32): i32 {
  return word >> 3;
}

/** The assertions that hold between runes of the kinds `before` and `after`. */
export function satisfied(before: Side, after: Side): i32 {
  let held =
    (before == Side.Word) != (after == Side.Word) ? Assertion.WordBoundary : Assertion.NoWordBoundary;
  if (before == Side.Edge) held |= Assertion.BeginText | Assertion.BeginLine;
  if (before == Side.Newline) held |= Assertion.BeginLine;
  if (after == Side.Edge) held |= Assertion.EndText | Assertion.EndLine;
  if (after == Side.Newline) held |= Assertion.EndLine;
  return held;
}

/** A compiled pattern. Never changes. */
@final
export class Program {
  constructor(
    public code: StaticArray<i32>,
    public alphabet: Alphabet,
    /** A row for each set of several classes, with a bit for each class of the alphabet. */
    public rows: StaticArray<i32>,
    /** The `Side` of each class. */
    public sides: StaticArray<u8>,
    /** Whether a match can begin only at the beginning of the text. */
    public anchored: bool,
  ) {}
}

/** The `Side` that a rune is to assertions. */
export function sideOf(rune: i32): Side {
  if (rune == 0x0a) return Side.Newline;
  return rune == 0x5f || isAlphanumeric(rune) ? Side.Word : Side.Other;
}
