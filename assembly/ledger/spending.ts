import { nowMilliseconds } from "../abi/time";

/** What was heard so long ago, in milliseconds, may have changed: others use the same counters. */
const STALE_MS: i64 = 5_000;

/** What is known of the counters of one connection, by its charges and checks; both may outlive it. */
@final
export class Spending {
  /** When no counter is left that was above its limit, in milliseconds since the epoch; 0 if none was. */
  private overUntilMs: i64 = 0;
  /** When it was asked or heard what the counters hold. */
  private heardAtMs: i64 = nowMilliseconds();

  /** A counter holds so many tokens now, and lives for at most so long. */
  heard(tokens: i64, capacity: i64, windowSeconds: i32): void {
    this.heardAtMs = nowMilliseconds();
    if (tokens > capacity) this.overFor(windowSeconds);
  }

  /** A counter is above its limit for so many seconds. */
  overFor(seconds: i64): void {
    this.overUntilMs = max(this.overUntilMs, nowMilliseconds() + seconds * 1000);
  }

  /** Whether a counter is above its limit; when its window may have ended, the next request will tell. */
  get isOver(): bool {
    if (this.overUntilMs == 0) return false;
    if (nowMilliseconds() < this.overUntilMs) return true;
    this.overUntilMs = 0;
    return false;
  }

  /** Whether it is time to ask what the counters hold; true once, since whoever hears it asks. */
  isStale(): bool {
    const now = nowMilliseconds();
    if (now - this.heardAtMs < STALE_MS) return false;
    this.heardAtMs = now;
    return true;
  }
}
