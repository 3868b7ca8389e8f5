import { ByteBuilder } from "../../bytes/builder";
import { appendMarkerKey, MarkerName } from "../../limiter/marker";
import { ANSWER_LIFE_MS, chargeLifeMs } from "../../limiter/schedule";
import { chargeScript } from "../../limiter/scripts";
import { Reply, ReplyKind } from "../../redis/reply";
import { ScriptCall, ScriptFamily } from "../../redis/script";
import { Failure } from "../../redis/transport";
import { Call } from "./call";
import { Limiter } from "./limiter";
import { Spending } from "./spending";

const CHARGE = new ScriptFamily(chargeScript);

/** What Redis' clock shows is learnt anew when it is off by more. */
const TOLERANCE_MS: i64 = 2_000;
/** So often a charge is named anew that came too late although it was never made. */
const MAX_RENEWALS: i32 = 3;

// The marker's key, made anew for each command.
const marker = new ByteBuilder(64);

/** Adds the tokens of a call to the counters that its request was subject to. It outlives the stream. */
@final
export class Charge extends ScriptCall {
  /** How often it was tried. */
  attempts: i32 = 0;
  /** When it is to be tried again, in milliseconds since the epoch. */
  due: i64 = 0;
  /** Hears what the counters hold once it is made; it may be set before, and is forgotten then. */
  spending: Spending | null = null;
  private tokens: i64 = 0;
  /** What its marker is named by: the answer that is charged, or, of 128 bits that nothing else has, the charge. */
  private name: MarkerName = MarkerName.Charge;
  private idHigh: u64 = 0;
  private idLow: u64 = 0;
  /** The name of the answer, when it is to be named after it has been charged. */
  private nextHigh: u64 = 0;
  private nextLow: u64 = 0;
  /** Redis refuses it from then on, and forgets it, in milliseconds of Redis' clock. */
  private deadline: i64 = 0;
  private lifeMs: i64 = 0;
  /** Whether it was sent and may have been made, although nobody knows. */
  private mayBeMade: bool = false;
  private renewals: i32 = 0;

  constructor(
    private readonly limiter: Limiter,
    private readonly call: Call,
  ) {
    super(limiter.redis, CHARGE);
  }

  /**
   * Charges so many tokens, now or, if that fails, later. An answer that can be fetched again is charged once in a day, by
   * whoever charges it first, if it is named: by a hash of 128 bits, of which not all are 0, that is the same in all gateways.
   * Counters of different slots of a Redis Cluster are charged for it once each.
   */
  begin(tokens: i64, answerHigh: u64 = 0, answerLow: u64 = 0): void {
    const isAnswer = (answerHigh | answerLow) != 0;
    this.name = isAnswer ? MarkerName.Answer : MarkerName.Charge;
    this.idHigh = answerHigh;
    this.idLow = answerLow;
    this.lifeMs = isAnswer ? ANSWER_LIFE_MS : chargeLifeMs(this.transport.timeoutMs);
    this.tokens = tokens;
    this.attempts = 0;
    this.renewals = 0;
    this.mayBeMade = false;
    this.renew();
    this.send();
  }

  /**
   * Charges an answer that has just been made: in any case, for its name may come from the caller. It is named after that,
   * so that whoever fetches it again is not charged for it; a name of 0 is none.
   */
  beginNew(tokens: i64, answerHigh: u64, answerLow: u64): void {
    this.nextHigh = answerHigh;
    this.nextLow = answerLow;
    this.begin(tokens);
  }

  /** Charges now. What fails is tried again later, and counted as lost in the end. */
  send(): void {
    this.attempts++;
    this.limiter.charges.sent();
    const counters = this.call.counters;
    const failure = counters.overflowed ? Failure.NotSent : this.start(counters.length);
    if (failure != Failure.None) this.onResult(failure);
  }

  protected write(): void {
    const transport = this.transport;
    const counters = this.call.counters;
    const count = counters.length;
    marker.clear();
    appendMarkerKey(marker, this.name, counters.key(0), counters.keySize(0), this.idHigh, this.idLow);
    this.beginCommand(count + 1, count + 2);
    transport.key(counters.key(0), counters.keySize(0));
    transport.key(marker.ptr, marker.length);
    for (let i = 1; i < count; ++i) transport.key(counters.key(i), counters.keySize(i));
    transport.number(counters.window(0));
    transport.number(this.deadline);
    for (let i = 1; i < count; ++i) transport.number(counters.window(i));
    transport.number(this.tokens);
  }

  protected onResult(failure: Failure): void {
    const limiter = this.limiter;
    const isDone = this.settle(failure);
    if (isDone && (this.nextHigh | this.nextLow) != 0) {
      const high = this.nextHigh;
      const low = this.nextLow;
      this.nextHigh = 0;
      this.nextLow = 0;
      this.begin(0, high, low);
    } else if (isDone) {
      this.spending = null;
      this.call.giveBack();
    }
    limiter.charges.answered();
  }

  /** Has it made from now on, if it was surely not made before: under another name, and with time until another deadline. */
  private renew(): void {
    const transport = this.transport;
    if (this.name == MarkerName.Charge) {
      this.idLow = transport.newNumber();
      this.idHigh = transport.identity;
    }
    this.deadline = transport.clock.now() + this.lifeMs;
  }

  /** Whether it is charged or lost; else it is to be sent again, or was. */
  private settle(failure: Failure): bool {
    const limiter = this.limiter;
    const reply = this.transport.reply;
    if (failure != Failure.None) {
      limiter.failed(failure, failure == Failure.ErrorReply ? reply.error : null);
      if (failure == Failure.Network || failure == Failure.Malformed) this.mayBeMade = true;
      if (limiter.charges.later(this)) return false;
      limiter.counts.lost(this.tokens);
    } else if (isTooLate(reply)) {
      this.transport.clock.refused(this.deadline);
      if (!this.mayBeMade && this.renewals++ < MAX_RENEWALS) {
        this.renew();
        this.send();
        return false;
      }
      limiter.counts.lost(this.tokens);
    } else if (this.isCharged(reply)) {
      limiter.counts.charged(this.tokens);
      this.tell(reply);
    } else {
      limiter.unreadable(reply);
      limiter.counts.lost(this.tokens);
    }
    return true;
  }

  /** Tells what the counters hold: it stands at the end of the reply, unless the charge had been made before. */
  private tell(reply: Reply): void {
    const spending = this.spending;
    const counters = this.call.counters;
    const from = reply.length - counters.length;
    if (spending === null || from < 0) return;
    for (let i = 0; i < counters.length; ++i) {
      spending.heard(reply.numberAt(from + i), counters.threshold(i), counters.window(i));
    }
  }

  /** Whether all counters were added to, now or, as an empty reply says, by an earlier attempt. */
  private isCharged(reply: Reply): bool {
    if (reply.kind != ReplyKind.Array) return false;
    if (reply.length == 0) return true;
    if (reply.length != this.call.counters.length + 1) return false;
    this.learnTime(reply);
    for (let i = 1; i < reply.length; ++i) {
      if (reply.kindAt(i) != ReplyKind.Integer) return false;
    }
    return true;
  }

  /** Redis' clock is what is missing to the deadline. */
  private learnTime(reply: Reply): void {
    if (reply.kindAt(0) != ReplyKind.Integer) return;
    const left = reply.numberAt(0);
    const isAsExpected = this.attempts == 1 && abs(this.lifeMs - left) < TOLERANCE_MS;
    if (!isAsExpected) this.transport.clock.shows(this.deadline - left);
  }
}

/** Whether Redis has refused a charge because its deadline has passed. */
function isTooLate(reply: Reply): bool {
  return reply.kind == ReplyKind.Array && reply.length == 1;
}
