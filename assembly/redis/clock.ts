import { nowMilliseconds } from "../abi/time";

const DAY_MS: i64 = 86_400_000;
const CENTURY_MS: i64 = 36_525 * DAY_MS;

/**
 * What the clock of a Redis shows. Deadlines are given to Redis in its own time, which is learnt from its replies; until
 * there is one, it is taken to be that of this host.
 */
@final
export class RedisClock {
  /** How far it is ahead of this host's, in milliseconds, as far as is known. */
  private ahead: i64 = 0;
  /** How much later than a deadline that was refused it is guessed to be next. */
  private guess: i64 = DAY_MS;

  /** The time of Redis, in milliseconds since the epoch; too early by as long as the reply was on its way that told it. */
  now(): i64 {
    return this.at(nowMilliseconds());
  }

  /** The same when the clock of this host shows `reading`, in milliseconds. */
  at(reading: i64): i64 {
    return reading + this.ahead;
  }

  /** A reply that has just come told the time of Redis. */
  shows(time: i64): void {
    this.ahead = time - nowMilliseconds();
    this.guess = DAY_MS;
  }

  /** Redis has refused a deadline as past, without saying for how long. */
  refused(deadline: i64): void {
    const now = this.now();
    // Somebody may have had a deadline refused that was set before the same was learnt from another.
    if (now > deadline) return;
    this.ahead += deadline - now + this.guess;
    this.guess = CENTURY_MS;
  }
}
