import { NOT_A_NUMBER } from "../bytes/decimal";

/** What the counters of a request say about it: they are added one after the other. */
@final
export class Verdict {
  allowed: bool = true;
  /** Of the first exceeded counter: seconds until it expires, rounded as Redis' TTL does. */
  resetSeconds: i64 = 0;
  /** Whole seconds after which no exceeded counter is left, at least 1. */
  retryAfterSeconds: i64 = 0;
  /** Counters that hold no number; they limit nobody. */
  unreadable: i32 = 0;

  /** Begins with another request. */
  clear(): void {
    this.allowed = true;
    this.resetSeconds = 0;
    this.retryAfterSeconds = 0;
    this.unreadable = 0;
  }

  /**
   * Compares a counter with its threshold: a request is refused when the counter is above it, and still let through when
   * it is equal, as published.
   * @param window of the counter, in seconds
   * @param tokens what it holds, or NOT_A_NUMBER
   * @param remaining its remaining milliseconds; negative when it does not exist
   */
  add(window: i32, threshold: i64, tokens: i64, remaining: i64): void {
    if (tokens == NOT_A_NUMBER) {
      this.unreadable++;
    } else if (tokens > threshold) {
      const milliseconds = remaining < 0 ? <i64>window * 1000 : remaining;
      if (this.allowed) this.resetSeconds = (milliseconds + 500) / 1000;
      this.allowed = false;
      this.retryAfterSeconds = max(this.retryAfterSeconds, max((milliseconds + 999) / 1000, 1));
    }
  }
}
