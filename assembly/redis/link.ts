import { Breaker } from "./breaker";
import { FailureLog } from "./failure-log";
import { kindOf } from "./refusal";
import { Reply } from "./reply";
import { Failure } from "./failure";
import { Transport } from "./transport";

/** Who counts the failures of a Redis. */
export interface FailureCounter {
  redisFailure(failure: Failure): void;
}

/** One Redis that is used by one configuration: the way to it, whether it answers, and what is told of its failures. */
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

  /** The reply that was read last. */
  get reply(): Reply {
    return this.transport.reply;
  }

  /** A command has failed: counts and logs it; of an ErrorReply, the error is that of `reply`. */
  failed(failure: Failure): void {
    const isError = failure == Failure.ErrorReply;
    const kind = isError ? kindOf(this.reply.error) : failure;
    this.counter.redisFailure(kind);
    this.log.report(kind, isError ? this.reply.error : null);
  }

  /** Not everything in `reply` can be used: counts and logs why. */
  misread(): void {
    this.failed(this.reply.error.byteLength > 0 ? Failure.ErrorReply : Failure.Malformed);
  }
}
