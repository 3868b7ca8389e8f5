import { nowMilliseconds } from "../abi/time";

const DAY_MS: i64 = 86_400_000;
const CENTURY_MS: i64 = 36_525 * DAY_MS;

/**
 * The clock of a Redis. Deadlines are sent to Redis in its own time, which its replies report. Before the first reply, its
 * clock is assumed to agree with the clock of this host.
 */
@final
export class RedisClock {
  /** How far the clock is ahead of this host's, in milliseconds, as far as is known. */
  private ahead: i64 = 0;
  /** How long after a refused deadline the clock is assumed to be, in milliseconds. */
  private guess: i64 = DAY_MS;

  /** The time of Redis, in milliseconds since the epoch, minus the time that its latest reply took to arrive. */
  now(): i64 {
    return this.at(nowMilliseconds());
  }

  /** The same when the clock of this host shows `reading`, in milliseconds. */
  at(reading: i64): i64 {
    return reading + this.ahead;
  }

  /** A reply that has just arrived says that the time of Redis is `time`. */
  shows(time: i64): void {
    this.ahead = time - nowMilliseconds();
    this.guess = DAY_MS;
  }

  /** Redis has refused a deadline because it is past, without reporting its time. */
  refused(deadline: i64): void {
    const now = this.now();
    // The clock may already have been corrected after this deadline was set.
    if (now > deadline) return;
    this.ahead += deadline - now + this.guess;
    this.guess = CENTURY_MS;
  }
}
