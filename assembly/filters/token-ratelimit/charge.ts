import { ByteBuilder } from "../../bytes/builder";
import { appendMarkerKey } from "../../limiter/counter-key";
import { CHARGE_SCRIPT, CHARGE_SHA1, MARKER_SECONDS } from "../../limiter/scripts";
import { Reply, ReplyKind } from "../../redis/reply";
import { Script, ScriptCall } from "../../redis/script";
import { Failure } from "../../redis/transport";
import { Call } from "./call";
import { Limiter } from "./limiter";

const CHARGE = new Script(CHARGE_SCRIPT, CHARGE_SHA1);

// The marker's key, made anew for each command.
const marker = new ByteBuilder(512, 1 << 21);

/** Adds the tokens of a call to the counters that its request was subject to. It outlives the stream. */
@final
export class Charge extends ScriptCall {
  /** How often it was tried. */
  attempts: i32 = 0;
  /** When it is to be tried again, in milliseconds since the epoch. */
  due: i64 = 0;
  private tokens: i64 = 0;
  /** Tells it from all other charges, in this worker and in others. */
  private id: i64 = 0;
  /** Whether it carries a marker, by which Redis knows that it was made. */
  private isMarked: bool = false;

  constructor(
    private readonly limiter: Limiter,
    private readonly call: Call,
  ) {
    super(limiter.redis, CHARGE);
  }

  /** Charges so many tokens, now or, if that fails, later. */
  begin(tokens: i64): void {
    this.tokens = tokens;
    this.attempts = 0;
    this.id = this.transport.newNumber();
    this.send();
  }

  /** Charges now. What fails is tried again later if that cannot charge twice, and counted as lost otherwise. */
  send(): void {
    this.attempts++;
    this.limiter.charges.sent();
    const failure = this.call.counters.overflowed ? Failure.NotSent : this.start();
    if (failure != Failure.None) this.onResult(failure);
  }

  protected write(): void {
    const transport = this.transport;
    const counters = this.call.counters;
    const count = counters.length;
    marker.clear();
    this.isMarked = appendMarkerKey(marker, counters.key(0), counters.keySize(0));
    this.beginCommand(this.isMarked ? count + 1 : count, count + 2);
    for (let i = 0; i < count; ++i) transport.key(counters.key(i), counters.keySize(i));
    if (this.isMarked) {
      marker.decimal(this.id);
      transport.key(marker.ptr, marker.length);
    }
    for (let i = 0; i < count; ++i) transport.number(counters.window(i));
    transport.number(this.tokens);
    transport.number(MARKER_SECONDS);
  }

  protected onResult(failure: Failure): void {
    const limiter = this.limiter;
    const isDone = this.settle(failure);
    if (isDone) this.call.giveBack();
    limiter.charges.answered();
  }

  /** Whether it is charged or lost; else it is to be sent again. */
  private settle(failure: Failure): bool {
    const limiter = this.limiter;
    const reply = this.transport.reply;
    if (failure != Failure.None) {
      limiter.failed(failure, failure == Failure.ErrorReply ? reply.error : null);
      if (this.mayRepeat(failure) && limiter.charges.later(this)) return false;
      limiter.counts.lost(this.tokens);
    } else if (this.isCharged(reply)) {
      limiter.counts.charged(this.tokens);
    } else {
      limiter.unreadable(reply);
      limiter.counts.lost(this.tokens);
    }
    return true;
  }

  /** Whether sending it again cannot charge it twice: it has a marker, or Redis has surely not carried it out. */
  private mayRepeat(failure: Failure): bool {
    return this.isMarked || (failure != Failure.Network && failure != Failure.Malformed);
  }

  /** Whether all counters were added to, now or, as an empty reply says, by an earlier attempt. */
  private isCharged(reply: Reply): bool {
    if (reply.kind != ReplyKind.Array) return false;
    if (reply.length == 0) return this.isMarked;
    for (let i = 0; i < reply.length; ++i) {
      if (reply.kindAt(i) != ReplyKind.Integer) return false;
    }
    return reply.length == this.call.counters.length;
  }
}
