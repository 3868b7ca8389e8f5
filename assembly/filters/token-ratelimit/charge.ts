import { Bytes } from "../../bytes/bytes";
import { markerKey } from "../../limiter/counter-key";
import { Counters } from "../../limiter/counters";
import { CHARGE_SCRIPT, CHARGE_SHA1, MARKER_SECONDS } from "../../limiter/scripts";
import { Reply, ReplyKind } from "../../redis/reply";
import { Script, ScriptCall } from "../../redis/script";
import { Failure } from "../../redis/transport";
import { Limiter } from "./limiter";

const CHARGE = new Script(CHARGE_SCRIPT, CHARGE_SHA1);

/** Adds the tokens of a call to the counters that its request was subject to. It outlives the stream. */
@final
export class Charge extends ScriptCall {
  /** How often it was tried. */
  attempts: i32 = 0;
  /** When it is to be tried again, in milliseconds since the epoch. */
  due: i64 = 0;

  private constructor(
    private limiter: Limiter,
    private counters: i32,
    readonly tokens: i64,
    keys: Bytes[],
    args: i64[],
  ) {
    super(limiter.redis, CHARGE, keys, args);
  }

  /** A charge to be sent, which takes over `counters`. */
  static of(limiter: Limiter, counters: Counters, tokens: i64): Charge {
    const keys = counters.keys;
    const args = counters.windows;
    const count = keys.length;
    args.push(tokens);
    args.push(MARKER_SECONDS);
    const marker = markerKey(keys[0], limiter.charges.nextId());
    if (marker !== null) keys.push(marker);
    return new Charge(limiter, count, tokens, keys, args);
  }

  /** Charges now. What fails is tried again later if that cannot charge twice, and counted as lost otherwise. */
  send(): void {
    this.attempts++;
    this.limiter.charges.sent();
    const failure = this.start();
    if (failure != Failure.None) this.onResult(null, failure);
  }

  onResult(reply: Reply | null, failure: Failure): void {
    const limiter = this.limiter;
    if (reply === null || failure != Failure.None) {
      limiter.failed(failure, reply);
      if (!this.mayRepeat(failure) || !limiter.charges.later(this)) limiter.counts.lost(this.tokens);
    } else if (this.isCharged(reply)) {
      limiter.counts.charged(this.tokens);
    } else {
      limiter.unreadable(reply);
      limiter.counts.lost(this.tokens);
    }
    limiter.charges.answered();
  }

  /** Whether sending it again cannot charge it twice: it has a marker, or Redis has surely not carried it out. */
  private mayRepeat(failure: Failure): bool {
    return this.isMarked || (failure != Failure.Network && failure != Failure.Malformed);
  }

  private get isMarked(): bool {
    return this.keys.length > this.counters;
  }

  /** Whether all counters were added to, now or, as an empty reply says, by an earlier attempt. */
  private isCharged(reply: Reply): bool {
    if (reply.kind != ReplyKind.Array) return false;
    const items = reply.items;
    if (items.length == 0) return this.isMarked;
    for (let i = 0; i < items.length; ++i) {
      if (items[i].kind != ReplyKind.Integer) return false;
    }
    return items.length == this.counters;
  }
}
