import { LONGEST_DELAY_MS } from "../redis/backoff";

/*
 * For how long a charge is tried again, and for how long it is remembered that it was made: one follows from the other, and
 * from when attempts are made (`redis/backoff.ts`).
 */

/**
 * How long a charge is tried that may have been made, though nobody knows: the only thing that still tells is its marker,
 * which Redis keeps for as long.
 */
export const UNKNOWN_FOR_MS: i64 = 120_000;
/** How long a charge waits that was surely not made: Redis keeps nothing of it. */
export const UNMADE_FOR_MS: i64 = 3_600_000;

/** How late the last attempt may begin, and how wrong what is known of Redis' clock may be. */
const MARGIN_MS: i64 = LONGEST_DELAY_MS + 4_000;

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
