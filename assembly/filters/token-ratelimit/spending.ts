import { nowMilliseconds } from "../../abi/time";

/** What the charges of one connection have told of its counters. It outlives neither them nor the connection. */
@final
export class Spending {
  /** When no counter is left that was above its limit, in milliseconds since the epoch; 0 if none was. */
  private overUntil: i64 = 0;

  /** A counter holds so many tokens now. @param window how long it lives, in seconds; at most so long from now */
  heard(tokens: i64, threshold: i64, window: i32): void {
    if (tokens > threshold) this.overUntil = max(this.overUntil, nowMilliseconds() + <i64>window * 1000);
  }

  /** Whether a counter is above its limit; when its window may have ended, the next request will tell. */
  get isOver(): bool {
    if (this.overUntil == 0) return false;
    if (nowMilliseconds() < this.overUntil) return true;
    this.overUntil = 0;
    return false;
  }
}
