/**
 * The most time that a search takes, in nanoseconds for each byte of the text. Measured with V8 on an AMD EPYC of 2023, with
 * worst-case patterns and texts (`tests/unit/regex/cost.test.ts`). Most searches take much less.
 */

/** With an automaton: a look-up for an ASCII byte, and a search for the class of any other rune. */
export const AUTOMATON_COST: i32 = 8;

/** Without one: some work for each rune and, at worst, a visit to each of the `size` words of the code. */
export function simulationCost(size: i32): i32 {
  return 40 + 3 * size;
}
