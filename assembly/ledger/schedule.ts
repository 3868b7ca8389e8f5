import { LONGEST_DELAY_MS } from "../redis/backoff";

/*
 * How long a charge is retried, and how long Redis remembers that it was made. The second follows from the first, and from
 * when attempts are made (`redis/backoff.ts`).
 */

/** How long a charge is retried that may or may not have been made. Only its marker can tell, so Redis keeps that as long. */
export const UNKNOWN_FOR_MS: i64 = 120_000;
/** How long a charge waits that was certainly not made. Redis keeps nothing for it. */
export const UNMADE_FOR_MS: i64 = 3_600_000;

/** How late the last attempt may begin, plus how wrong our idea of Redis' clock may be. */
const MARGIN_MS: i64 = LONGEST_DELAY_MS + 4_000;

/**
 * How long after its first attempt Redis may still carry out a charge, in milliseconds: as long as it is retried, plus the
 * duration of the last attempt. The marker lives as long.
 * @param timeoutMs how long a command waits for its reply at most (`redis.timeout`)
 */
export function chargeLifeMs(timeoutMs: i64): i64 {
  return UNKNOWN_FOR_MS + timeoutMs + MARGIN_MS;
}

/** How long Redis remembers that a stored answer was charged, in milliseconds: a day. */
export const ANSWER_LIFE_MS: i64 = 86_400_000;
