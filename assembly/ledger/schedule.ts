/**
 * When a charge is tried again, and for how long it is remembered that it was made: one follows from the other.
 */

/** After the first attempt; twice as long after each further one, up to the longest: 1, 2, 4, 8, 16, 16, … seconds. */
const FIRST_DELAY_MS: i64 = 1_000;
const LONGEST_DELAY_MS: i64 = 16_000;
const MOST_DOUBLINGS: i32 = 4;

/**
 * How long a charge is tried that may have been made, though nobody knows: the only thing that still tells is its marker,
 * which Redis keeps for as long.
 */
export const UNKNOWN_FOR_MS: i64 = 120_000;
/** How long a charge waits that was surely not made: Redis keeps nothing of it. */
export const UNMADE_FOR_MS: i64 = 3_600_000;

/** How late the last attempt may begin, and how wrong what is known of Redis' clock may be. */
const MARGIN_MS: i64 = LONGEST_DELAY_MS + 4_000;

/** How long to wait after so many attempts, at least one, in milliseconds. */
export function delayAfter(attempts: i32): i64 {
  return min(FIRST_DELAY_MS << min(attempts - 1, MOST_DOUBLINGS), LONGEST_DELAY_MS);
}

/**
 * How long after its begin Redis may carry a charge out, in milliseconds: as long as it is tried, and as the last attempt
 * takes.
 * @param timeoutMs how long a command waits for its reply at the most
 */
export function chargeLifeMs(timeoutMs: i64): i64 {
  return UNKNOWN_FOR_MS + timeoutMs + MARGIN_MS;
}

/** How long an answer is remembered that was charged, in milliseconds: a day. */
export const ANSWER_LIFE_MS: i64 = 86_400_000;
