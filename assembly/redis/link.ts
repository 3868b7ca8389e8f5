import { Breaker } from "./breaker";
import { FailureLog } from "./failure-log";
import { kindOf } from "./refusal";
import { Reply } from "./reply";
import { Failure } from "./failure";
import { Transport } from "./transport";

/** Counts the failures of a Redis. */
export interface FailureCounter {
  redisFailure(failure: Failure): void;
}

/** One Redis used by one configuration: the transport, the breaker, and the log and count of failures. */
@final
export class Link {
  readonly breaker: Breaker = new Breaker();
  private readonly log: FailureLog;

  constructor(
    readonly transport: Transport,
    private readonly counter: FailureCounter,
  ) {
    this.log = new FailureLog(transport.name());
  }

  /** The latest reply. */
  get reply(): Reply {
    return this.transport.reply;
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
