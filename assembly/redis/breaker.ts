import { delayAfterMs } from "./backoff";

/** Whether a Redis answers, as far as is known; while it does not, only now and then a command is worth a try. */
@final
export class Breaker {
  /** Whether Redis did not answer when it was last asked. */
  isOpen: bool = false;
  /** How often in a row, and when it is to be asked again. */
  private failures: i32 = 0;
  private nextTry: i64 = 0;

  /** Redis has answered, whatever and to whom. */
  works(): void {
    this.isOpen = false;
    this.failures = 0;
  }

  /** Redis did not answer: it is left alone for a while. @param nowMs of a clock that never goes back */
  fails(nowMs: i64): void {
    // Of those that were on their way when it stopped, only the first counts.
    if (this.isOpen && nowMs < this.nextTry) return;
    this.isOpen = true;
    this.nextTry = nowMs + delayAfterMs(++this.failures);
  }

  /** Whether it is time to ask a Redis again that did not answer. */
  mayTry(nowMs: i64): bool {
    return this.isOpen && nowMs >= this.nextTry;
  }
}
