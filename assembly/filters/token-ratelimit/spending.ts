import { nowMilliseconds } from "../../abi/time";

/** What was heard so long ago, in milliseconds, may have changed: others use the same counters. */
const STALE_MS: i64 = 5_000;

/** What is known of the counters of one connection, by its charges and checks; both may outlive it. */
@final
export class Spending {
  /** When no counter is left that was above its limit, in milliseconds since the epoch; 0 if none was. */
  private overUntil: i64 = 0;
  /** When it was asked or heard what the counters hold. */
  private heardAt: i64 = nowMilliseconds();

  /** A counter holds so many tokens now. @param window how long it lives, in seconds; at most so long from now */
  heard(tokens: i64, threshold: i64, window: i32): void {
    this.heardAt = nowMilliseconds();
    if (tokens > threshold) this.overFor(window);
  }

  /** A counter is above its limit for so many seconds. */
  overFor(seconds: i64): void {
    this.overUntil = max(this.overUntil, nowMilliseconds() + seconds * 1000);
  }

  /** Whether a counter is above its limit; when its window may have ended, the next request will tell. */
  get isOver(): bool {
    if (this.overUntil == 0) return false;
    if (nowMilliseconds() < this.overUntil) return true;
    this.overUntil = 0;
    return false;
  }

  /** Whether it is time to ask what the counters hold; true once, since whoever hears it asks. */
  isStale(): bool {
    const now = nowMilliseconds();
    if (now - this.heardAt < STALE_MS) return false;
    this.heardAt = now;
    return true;
  }
}
