import { nowMilliseconds } from "../abi/time";
import { Breaker } from "./breaker";
import { FailureLog } from "./failure-log";
import { kindOf } from "./refusal";
import { Reply } from "./reply";
import { Failure } from "./failure";
import { Transport } from "./transport";

/** One command in this many is timed. */
const TIMED: u32 = 16;

/** Counts the failures of a Redis, how long it takes, and what it says of holds. */
export interface FailureCounter {
  redisFailure(failure: Failure): void;
  /** These tokens were reserved for a call. */
  reserved(tokens: i64): void;
  /** These tokens were reserved for calls that were not settled in time. @param isCharged whether they were charged, not released */
  lapsed(tokens: i64, isCharged: bool): void;
  /** A command has been answered after this time. */
  redisTook(milliseconds: i64): void;
}

/** One Redis used by one configuration: the transport, the breaker, and the log and count of failures. */
@final
export class Link {
  readonly breaker: Breaker = new Breaker();
  private readonly log: FailureLog;
  private commands: u32 = 0;
  /** The number of the command that is being timed, 0 if none is, and when it was sent. */
  private timed: i64 = 0;
  private timedAtMs: i64 = 0;

  constructor(
    readonly transport: Transport,
    readonly counter: FailureCounter,
  ) {
    this.log = new FailureLog(transport.name());
  }

  /** The latest reply. */
  get reply(): Reply {
    return this.transport.reply;
  }

  /** A command is sent. @param number it ends with */
  sent(number: i64): void {
    if (this.commands++ % TIMED != 0) return;
    this.timed = number;
    this.timedAtMs = nowMilliseconds();
  }

  /** The reply to the command with that number is there. */
  answered(number: i64): void {
    if (number != this.timed) return;
    this.timed = 0;
    this.counter.redisTook(max(nowMilliseconds() - this.timedAtMs, 0));
  }

  /** A command has failed: counts and logs it. For ErrorReply, `reply` holds the error. */
  failed(failure: Failure): void {
    const isError = failure == Failure.ErrorReply;
    const kind = isError ? kindOf(this.reply.error) : failure;
    this.counter.redisFailure(kind);
    this.log.report(kind, isError ? this.reply.error : null);
  }

  /** Some of `reply` cannot be used: counts and logs why. */
  misread(): void {
    this.failed(this.reply.error.byteLength > 0 ? Failure.ErrorReply : Failure.Malformed);
  }
}
