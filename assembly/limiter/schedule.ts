/**
 * When a charge is tried again, and for how long it is remembered that it was made: one follows from the other.
 */

/** A charge is tried so often at the most. */
export const MAX_ATTEMPTS: i32 = 6;
/** After the first attempt; twice as long after each further one: 1, 2, 4, 8 and 16 seconds. */
const FIRST_DELAY_MS: i64 = 1_000;
/** Ticks come late, and what is known of Redis' clock is not exact. */
const MARGIN_MS: i64 = 10_000;

/** How long to wait after so many attempts, at least one, in milliseconds. */
export function delayAfter(attempts: i32): i64 {
  return FIRST_DELAY_MS << (attempts - 1);
}

/** How long after its begin a charge may be carried out, when a command takes `timeoutMs` at the most to be answered. */
export function chargeLifeMs(timeoutMs: i64): i64 {
  let life = timeoutMs + MARGIN_MS;
  for (let attempts = 1; attempts < MAX_ATTEMPTS; ++attempts) life += timeoutMs + delayAfter(attempts);
  return life;
}

/** How long an answer is remembered that was charged, in milliseconds: a day. */
export const ANSWER_LIFE_MS: i64 = 86_400_000;
