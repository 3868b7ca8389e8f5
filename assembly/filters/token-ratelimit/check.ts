import { Counters } from "../../ledger/counters";
import { PEEK } from "../../ledger/lua/scripts";
import { Verdict } from "../../ledger/verdict";
import { Command } from "../../redis/command";
import { Reply, ReplyKind } from "../../redis/reply";
import { ScriptCall } from "../../redis/script";
import { Failure } from "../../redis/transport";
import { Call } from "./call";
import { Limiter } from "./limiter";
import { isTraced, traceCheck } from "./trace";

/** Who waits for the counters. */
export interface CheckListener {
  /** @param verdict null when Redis could not tell; the request then passes */
  onChecked(verdict: Verdict | null): void;
}

/** Reads the counters of a request, before it is let through. */
@final
export class Check extends ScriptCall {
  /** Null when nobody waits any more. */
  private listener: CheckListener | null = null;
  private readonly verdict: Verdict = new Verdict();

  constructor(
    private readonly limiter: Limiter,
    private readonly call: Call,
  ) {
    super(limiter.redis, PEEK);
  }

  /** Asks Redis; `listener` hears of it, possibly before this returns. */
  begin(listener: CheckListener): void {
    this.listener = listener;
    const counters = this.call.counters;
    const failure = counters.overflowed ? Failure.NotSent : this.start(counters.length);
    if (failure != Failure.None) this.onResult(failure);
  }

  /** Nobody waits any more: once Redis has answered, the call can be used for another request. */
  abandon(): void {
    this.listener = null;
  }

  protected write(command: Command): void {
    const counters = this.call.counters;
    const count = counters.length;
    for (let i = 0; i < count; ++i) command.key(counters.key(i), counters.keySize(i));
    for (let i = 0; i < count; ++i) command.number(counters.window(i));
  }

  protected onResult(failure: Failure): void {
    const verdict = this.verdictOf(failure);
    const listener = this.listener;
    if (listener === null) return this.call.giveBack();
    this.listener = null;
    listener.onChecked(verdict);
  }

  private verdictOf(failure: Failure): Verdict | null {
    const reply = this.transport.reply;
    if (failure != Failure.None) {
      this.limiter.failed(failure, failure == Failure.ErrorReply ? reply.error : null);
      return null;
    }
    this.limiter.charges.works();
    const counters = this.call.counters;
    const isReadable = reply.kind == ReplyKind.Array && reply.length == 2 * counters.length;
    if (isReadable) this.judge(counters, reply);
    if (!isReadable || this.verdict.unreadable > 0) this.limiter.unreadable(reply);
    return isReadable ? this.verdict : null;
  }

  private judge(counters: Counters, reply: Reply): void {
    const verdict = this.verdict;
    verdict.clear();
    const traced = isTraced();
    for (let i = 0; i < counters.length; ++i) {
      const tokens = reply.kindAt(2 * i) == ReplyKind.Null ? 0 : reply.numberAt(2 * i);
      const remaining = reply.numberAt(2 * i + 1);
      verdict.add(counters.window(i), counters.threshold(i), tokens, remaining);
      if (traced) traceCheck(counters, i, tokens, remaining);
    }
  }
}
