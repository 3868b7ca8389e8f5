import { Failure } from "../redis/failure";
import { Demand } from "./demand";

/** What to do with a request. */
export const enum Outcome {
  Admit,
  Deny,
  /** Redis gave no usable answer. The filter decides whether the request passes. */
  Unknown,
}

/** Why a request is denied. */
export const enum Cause {
  /** It is not. */
  None,
  /** A counter is above its limit. */
  AboveLimit,
  /** Nothing is left of a balance. */
  Spent,
  /** There is no balance. */
  Missing,
}

/**
 * What the ledger says about a request, and why. Deciding, recording and acting are separate steps, in that order. The decision
 * belongs to the request's ticket and is valid until the ticket is closed; the object is then reused for another request.
 */
@final
export class Decision {
  outcome: Outcome = Outcome.Unknown;
  /** Why the outcome is Unknown; otherwise None. */
  failure: Failure = Failure.None;
  /** Why the outcome is Deny; otherwise None. */
  cause: Cause = Cause.None;
  /** The first row of the demand above its limit, from 0; -1 if none is. */
  row: i32 = -1;
  /** What a window of that row allows, and what has been used of it, in tokens. 0 unless the outcome is Deny. */
  capacity: i64 = 0;
  used: i64 = 0;
  /** When that row's window ends, in seconds from now, rounded like Redis' TTL: to the nearest, so it may be 0. */
  resetSeconds: i64 = 0;
  /** The output that was reserved, in weighted tokens; 0 if the request did not ask for any. */
  granted: i64 = 0;
  /** Whole seconds until no row is above its limit, rounded up, at least 1. 0 unless the outcome is Deny. */
  retryAfterSeconds: i64 = 0;
  /** The same in milliseconds. */
  retryAfterMs: i64 = 0;
  /** The first row that would deny the request if it were no shadow; -1 if none would. */
  shadowRow: i32 = -1;
  /** Whether waiting does not help, because the row never has room for what was asked. */
  isHopeless: bool = false;

  /** @param demand what is decided about */
  constructor(readonly demand: Demand) {}

  /** Starts a new decision: admitted, until a row turns out to be above its limit. */
  begin(): void {
    this.outcome = Outcome.Admit;
    this.failure = Failure.None;
    this.cause = Cause.None;
    this.row = this.shadowRow = -1;
    this.capacity = this.used = this.granted = 0;
    this.resetSeconds = this.retryAfterSeconds = this.retryAfterMs = 0;
    this.isHopeless = false;
  }

  /** Discards what was decided: the counters could not be read. @param failure why not; not None */
  unknown(failure: Failure): void {
    this.begin();
    this.outcome = Outcome.Unknown;
    this.failure = failure;
  }

  /**
   * Denies the request because of a row, unless that denies nothing. The first row given becomes the reason, or the first that never has room; others only
   * prolong the time to wait.
   * @param capacity, used of that row, in tokens
   * @param remainingMs how long its window lasts from now, in milliseconds; not negative
   * @param retryMs after which it may have room again, if that is sooner
   * @param isHopeless whether it never has room for what was asked
   */
  exceeded(
    row: i32,
    capacity: i64,
    used: i64,
    remainingMs: i64,
    retryMs: i64 = remainingMs,
    isHopeless: bool = false,
  ): void {
    if (!this.demand.isEnforced(row)) {
      if (this.shadowRow < 0) this.shadowRow = row;
      return;
    }
    if (this.outcome != Outcome.Deny || (isHopeless && !this.isHopeless)) {
      this.isHopeless = isHopeless;
      this.outcome = Outcome.Deny;
      this.cause = Cause.AboveLimit;
      this.row = row;
      this.capacity = capacity;
      this.used = used;
      this.resetSeconds = (remainingMs + 500) / 1000;
    }
    this.retryAfterMs = max(this.retryAfterMs, max(retryMs, 1));
    this.retryAfterSeconds = max(this.retryAfterSeconds, max((retryMs + 999) / 1000, 1));
  }

  /**
   * Denies the request because a balance is spent or missing. The first row given becomes the reason.
   * @param retryAfterSeconds after which the balance may be asked for again
   */
  spent(row: i32, cause: Cause, retryAfterSeconds: i64): void {
    if (this.outcome == Outcome.Deny) return;
    this.outcome = Outcome.Deny;
    this.cause = cause;
    this.row = row;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
