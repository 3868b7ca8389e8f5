import { log, logs } from "../../abi/log";
import { LogLevel } from "../../abi/types";
import { NOT_A_NUMBER } from "../../bytes/decimal";
import { Counters } from "../../limiter/counters";
import { CHECK_SCRIPT, CHECK_SHA1 } from "../../limiter/scripts";
import { judge, Verdict } from "../../limiter/verdict";
import { Reply, ReplyKind } from "../../redis/reply";
import { Script, ScriptCall } from "../../redis/script";
import { Failure } from "../../redis/transport";
import { Limiter } from "./limiter";
import { PREFIX } from "./prefix";

const CHECK = new Script(CHECK_SCRIPT, CHECK_SHA1);

/** Who waits for the counters. */
export interface CheckListener {
  /** @param verdict null when Redis could not tell; the request then passes */
  onChecked(verdict: Verdict | null): void;
}

/** Reads the counters of a request, before it is let through. */
@final
export class Check extends ScriptCall {
  constructor(
    private limiter: Limiter,
    private counters: Counters,
    private listener: CheckListener,
  ) {
    super(limiter.redis, CHECK, counters.keys, counters.windows);
  }

  onResult(reply: Reply | null, failure: Failure): void {
    if (reply === null || failure != Failure.None) {
      this.limiter.failed(failure, reply);
      return this.listener.onChecked(null);
    }
    const verdict = this.read(reply);
    if (verdict === null || verdict.unreadable > 0) this.limiter.unreadable(reply);
    this.listener.onChecked(verdict);
  }

  private read(reply: Reply): Verdict | null {
    const count = this.counters.length;
    if (reply.kind != ReplyKind.Array || reply.items.length != 2 * count) return null;
    const tokens = new StaticArray<i64>(count);
    const remaining = new StaticArray<i64>(count);
    for (let i = 0; i < count; ++i) {
      const counter = reply.items[2 * i];
      tokens[i] = counter.kind == ReplyKind.Null ? 0 : counter.toInteger();
      const milliseconds = reply.items[2 * i + 1].toInteger();
      remaining[i] = milliseconds == NOT_A_NUMBER ? -1 : milliseconds;
    }
    if (logs(LogLevel.Debug)) this.trace(tokens, remaining);
    return judge(this.counters, tokens, remaining);
  }

  /** Without the keys: they hold what callers sent. */
  private trace(tokens: StaticArray<i64>, remaining: StaticArray<i64>): void {
    for (let i = 0; i < tokens.length; ++i) {
      const limit = `${this.counters.thresholds[i]} tokens per ${this.counters.windows[i]} s`;
      log(LogLevel.Debug, `${PREFIX}${tokens[i]} of ${limit} used, ${remaining[i]} ms left`);
    }
  }
}
