import { delayAfterMs } from "./backoff";

/** A circuit breaker for one Redis: while Redis does not answer, commands are tried only from time to time. */
@final
export class Breaker {
  /** Whether Redis did not answer the latest command. */
  isOpen: bool = false;
  /** The number of failures in a row, and the time of the next try. */
  private failures: i32 = 0;
  private nextTry: i64 = 0;

  /** Redis has answered a command, in any way. */
  works(): void {
    this.isOpen = false;
    this.failures = 0;
  }

  /** Redis has not answered: it is left alone for a while. @param nowMs the time of a clock that never goes back */
  fails(nowMs: i64): void {
    // Of the commands that were in flight when Redis failed, only the first one counts.
    if (this.isOpen && nowMs < this.nextTry) return;
    this.isOpen = true;
    this.nextTry = nowMs + delayAfterMs(++this.failures);
  }

  /** Whether Redis is failing and it is time to try it again. */
  mayTry(nowMs: i64): bool {
    return this.isOpen && nowMs >= this.nextTry;
  }
}
