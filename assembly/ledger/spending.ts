import { nowMilliseconds } from "../abi/time";

/** News older than this, in milliseconds, may be out of date, because others use the same counters. */
const STALE_MS: i64 = 5_000;

/**
 * What a connection knows about its counters, from the replies to its charges and checks. Those may outlive the connection, so
 * this object lives until the last of them lets go of it.
 */
@final
export class Spending {
  /** Until when some counter is above its limit, by the host's clock, in milliseconds since the epoch; 0 if none is. */
  private overUntilMs: i64 = 0;
  /** When the counters were last heard of or asked for, likewise. */
  private heardAtMs: i64 = nowMilliseconds();

  /** The state of a counter has arrived. @param seconds for how long it will be above its limit, at most; 0 if it is not */
  heard(seconds: i64): void {
    this.heardAtMs = nowMilliseconds();
    if (seconds > 0) this.overFor(seconds);
  }

  /** A counter will be above its limit for `seconds` seconds. */
  overFor(seconds: i64): void {
    this.overUntilMs = max(this.overUntilMs, nowMilliseconds() + seconds * 1000);
  }

  /** Whether a counter is above its limit. False again once its window may have ended. */
  get isOver(): bool {
    if (this.overUntilMs == 0) return false;
    if (nowMilliseconds() < this.overUntilMs) return true;
    this.overUntilMs = 0;
    return false;
  }

  /** Whether it is time to ask for the counters again. True only once in `STALE_MS`: the caller must ask. */
  isStale(): bool {
    const now = nowMilliseconds();
    if (now - this.heardAtMs < STALE_MS) return false;
    this.heardAtMs = now;
    return true;
  }
}
