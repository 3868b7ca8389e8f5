import { Failure } from "../redis/failure";

/** What is to be done with a request. */
export const enum Outcome {
  Admit,
  Deny,
  /** The ledger cannot tell: Redis did not say what was asked. */
  Unknown,
}

/**
 * What the ledger says about a request, and why. It is decided first, then recorded, then acted on. Used for one request after
 * the other; it belongs to the ticket of the request.
 */
@final
export class Decision {
  outcome: Outcome = Outcome.Unknown;
  /** Why the outcome is Unknown; else None. */
  failure: Failure = Failure.None;
  /** The first row of the demand that is above its limit; -1 if none is. */
  row: i32 = -1;
  /** What a window of that row allows, and what is used of it, in tokens. */
  capacity: i64 = 0;
  used: i64 = 0;
  /** When that row's window ends, in seconds from now, rounded as Redis' TTL does. */
  resetSeconds: i64 = 0;
  /** Whole seconds after which no row is left that is above its limit, at least 1. */
  retryAfterSeconds: i64 = 0;

  /** Begins with another request, which is admitted as long as no row is above its limit. */
  begin(): void {
    this.outcome = Outcome.Admit;
    this.failure = Failure.None;
    this.row = -1;
    this.capacity = this.used = 0;
    this.resetSeconds = this.retryAfterSeconds = 0;
  }

  /** Nobody can tell. @param failure why not */
  unknown(failure: Failure): void {
    this.begin();
    this.outcome = Outcome.Unknown;
    this.failure = failure;
  }

  /**
   * A row is above its limit.
   * @param remainingMs how long that lasts
   */
  exceeded(row: i32, capacity: i64, used: i64, remainingMs: i64): void {
    if (this.outcome != Outcome.Deny) {
      this.outcome = Outcome.Deny;
      this.row = row;
      this.capacity = capacity;
      this.used = used;
      this.resetSeconds = (remainingMs + 500) / 1000;
    }
    this.retryAfterSeconds = max(this.retryAfterSeconds, max((remainingMs + 999) / 1000, 1));
  }
}
