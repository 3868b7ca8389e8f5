/**
 * What a search takes at most, in nanoseconds for each byte of the text: measured with V8 on an AMD EPYC of 2023, over patterns
 * and texts made for it (`tests/unit/regex/cost.test.ts`). Most searches take much less.
 */

/** With an automaton: a look-up for a byte of ASCII, and the search for its class for any other rune. */
export const AUTOMATON_COST: i32 = 8;

/** Without one: some work for each rune, and, at worst, a visit to each of the `size` words of the code. */
export function simulationCost(size: i32): i32 {
  return 40 + 3 * size;
}
