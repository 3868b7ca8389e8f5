import { Counters } from "../../limiter/counters";
import { CHARGE_SCRIPT, CHARGE_SHA1 } from "../../limiter/scripts";
import { Reply, ReplyKind } from "../../redis/reply";
import { Script, ScriptCall } from "../../redis/script";
import { Failure } from "../../redis/transport";
import { Limiter } from "./limiter";

const CHARGE = new Script(CHARGE_SCRIPT, CHARGE_SHA1);

/** Adds the tokens of a call to the counters that its request was subject to. It outlives the stream. */
@final
export class Charge extends ScriptCall {
  constructor(
    private limiter: Limiter,
    private counters: Counters,
    private tokens: i64,
  ) {
    super(limiter.redis, CHARGE, counters.keys, [tokens].concat(counters.windows));
  }

  /** Charges now; what Redis cannot be told of is counted as lost. */
  send(): void {
    const failure = this.start();
    if (failure != Failure.None) this.onResult(null, failure);
  }

  onResult(reply: Reply | null, failure: Failure): void {
    if (reply === null || failure != Failure.None) {
      this.limiter.failed(failure, reply);
      this.limiter.counts.lost(this.tokens);
    } else if (!this.allAdded(reply)) {
      this.limiter.unreadable(reply);
      this.limiter.counts.lost(this.tokens);
    } else {
      this.limiter.counts.charged(this.tokens);
    }
  }

  private allAdded(reply: Reply): bool {
    if (reply.kind != ReplyKind.Array || reply.items.length != this.counters.length) return false;
    for (let i = 0; i < reply.items.length; ++i) {
      if (reply.items[i].kind != ReplyKind.Integer) return false;
    }
    return true;
  }
}
