/** The delay after the first attempt. It doubles with each further one, up to the longest: 1, 2, 4, 8, 16, 16, … seconds. */
const FIRST_DELAY_MS: i64 = 1_000;
export const LONGEST_DELAY_MS: i64 = 16_000;
const MOST_DOUBLINGS: i32 = 4;

/** How long to wait after this number of attempts, at least one, in milliseconds. */
export function delayAfterMs(attempts: i32): i64 {
  return min(FIRST_DELAY_MS << min(attempts - 1, MOST_DOUBLINGS), LONGEST_DELAY_MS);
}
