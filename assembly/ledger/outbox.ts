import { discarded } from "../abi/collector";
import { Pool } from "../abi/pool";
import { nowMilliseconds, nowNanoseconds } from "../abi/time";
import { Bytes } from "../bytes/bytes";
import { NOT_A_NUMBER } from "../bytes/decimal";
import { delayAfterMs } from "../redis/backoff";
import { Link } from "../redis/link";
import { isRefusal } from "../redis/refusal";
import { Reply } from "../redis/reply";
import { Failure } from "../redis/failure";
import { Algorithm } from "./algorithm";
import { Charge, ChargeOwner, ChargeSender } from "./charge";
import { Demand } from "./demand";
import { MarkerName } from "./marker";
import { Outboxes, Waiter } from "./outboxes";
import { Probe, ProbeListener } from "./probe";
import { ANSWER_LIFE_MS, chargeLifeMs } from "./schedule";
import { leftUntilDeadlineMs, readSettle, Settlement } from "./settlement";
import { isTraced } from "./trace";
import { isTooOld, WaitingCharge, WaitingCharges } from "./waiting-charges";

/** At most this many charges are in flight at once; further ones wait. */
const MAX_UNANSWERED: i32 = 1024;
/** Nor is another sent while the demands of those in flight take this much, in bytes: callers choose how long their keys are. */
const MAX_UNANSWERED_BYTES: i32 = 16 << 20;
/** Charges sent per tick at most, so that a tick does not hold up the worker. */
const MAX_PER_TICK: i32 = 512;
/** How often in a row a charge gets a new name because Redis refused it as too late although it was never made. */
const MAX_RENEWALS: i32 = 3;
/** If our idea of Redis' clock is off by more than this, it is corrected. */
const TOLERANCE_MS: i64 = 2_000;
/** Idle `Charge` objects kept for charges that are sent again. */
const MAX_IDLE: i32 = 64;

/** Counts, in tokens, what becomes of charges. */
export interface ChargeCounter {
  /** Redis has counted these tokens. */
  charged(tokens: i64): void;
  /** These tokens were charged to the counters of a demand, which comes from this rule. @param reply to the charge */
  chargedLimits(rule: Bytes, demand: Demand, reply: Reply, tokens: i64): void;
  /** These tokens were charged, and exceed a limit. */
  exceeded(tokens: i64): void;
  /** A call was charged these tokens in place of what was reserved for it. */
  settledHold(tokens: i64): void;
  /** These tokens were consumed, and will not be counted: the charge was given up. */
  lost(tokens: i64): void;
}

/**
 * Sends charges to one Redis, and repeats those that fail, until each is made or given up (`schedule.ts`). A charge that may
 * have been made keeps its name and its marker; one that was certainly not made gets new ones.
 *
 * While Redis does not answer, no charge is sent; now and then a probe asks whether it answers again. New charges wait, within
 * the bound of `WaitingCharges`. They were certainly not made, so those to the same counters are added up.
 *
 * It lives as long as anything waits or is in flight: `Outboxes` holds it for that time, also after its configuration has been
 * replaced.
 */
@final
export class Outbox implements ChargeSender, ChargeOwner, ProbeListener, Waiter {
  private readonly waiting: WaitingCharges;
  private unanswered: i32 = 0;
  private unansweredBytes: i32 = 0;
  /** Reused for charges that are sent again. */
  private readonly idle: Pool<Charge> = new Pool<Charge>(MAX_IDLE);
  private probe: Probe | null = null;
  /** A charge that may have been made, sent to a silent Redis instead of a probe; null if none is in flight. */
  private repeated: Charge | null = null;

  constructor(
    private readonly outboxes: Outboxes,
    private readonly link: Link,
    private readonly algorithm: Algorithm,
    private readonly counter: ChargeCounter,
  ) {
    this.waiting = new WaitingCharges(outboxes.room, <u64>nowNanoseconds());
  }

  hasNothing(): bool {
    return this.waiting.isEmpty;
  }

  begin(charge: Charge): void {
    const reading = nowMilliseconds();
    const nowMs = this.outboxes.timeAtMs(reading);
    charge.sinceMs = nowMs;
    if (this.link.breaker.isOpen || this.isFull) return this.keep(charge, nowMs);
    this.renew(charge, reading, nowMs);
    this.send(charge);
  }

  tick(nowMs: i64): void {
    let old = this.waiting.takeOld(nowMs);
    while (old !== null) {
      this.lose(old);
      old = this.waiting.takeOld(nowMs);
    }
    const breaker = this.link.breaker;
    if (breaker.mayTry(nowMs)) this.ask();
    for (let i = 0; i < MAX_PER_TICK && !breaker.isOpen && !this.isFull; ++i) {
      const due = this.waiting.takeDue(nowMs);
      if (due === null) return;
      this.sendAgain(due);
    }
  }

  /** Counts all that waits as lost. */
  giveUp(): void {
    let charge = this.waiting.takeFirst();
    while (charge !== null) {
      this.lose(charge);
      charge = this.waiting.takeFirst();
    }
  }

  onProbed(failure: Failure): void {
    const link = this.link;
    if (failure == Failure.None || failure == Failure.ErrorReply) link.breaker.works();
    else if (failure != Failure.Malformed) link.breaker.fails(this.outboxes.nowMs());
    if (failure != Failure.None) link.failed(failure);
    this.outboxes.answered();
  }

  onAnswered(charge: Charge, failure: Failure): void {
    if (this.repeated === charge) this.repeated = null;
    this.unansweredBytes -= charge.demand.bytes;
    if (failure != Failure.None) this.fail(charge, failure);
    else this.settle(charge);
    this.unanswered--;
    this.outboxes.answered();
  }

  /** A charge that was sent again has ended. */
  onCharged(charge: Charge): void {
    const waiting = charge.waiting;
    if (waiting !== null) this.waiting.free(waiting);
    charge.waiting = null;
    if (charge.demand.isLarge) discarded(charge.demand.bytes);
    else this.idle.put(charge);
  }

  /** Whether as much is in flight as may be. */
  private get isFull(): bool {
    return this.unanswered >= MAX_UNANSWERED || this.unansweredBytes >= MAX_UNANSWERED_BYTES;
  }

  private send(charge: Charge): void {
    this.unanswered++;
    this.unansweredBytes += charge.demand.bytes;
    this.outboxes.sent();
    charge.send();
  }

  /** Asks whether Redis answers again: with a charge that may have been made anyway, or else by reading a counter. */
  private ask(): void {
    let probe = this.probe;
    if (probe === null) probe = new Probe(this.link, this.algorithm, this);
    this.probe = probe;
    const first = this.waiting.first;
    if (probe.isOut || this.repeated !== null || first === null) return;
    if (first.mayBeMade) {
      const taken = this.waiting.takeFirst();
      if (taken !== null) this.sendAgain(taken);
      return;
    }
    this.waiting.unpack(first, probe.demand);
    this.outboxes.sent();
    probe.send();
  }

  private sendAgain(waiting: WaitingCharge): void {
    const known = this.idle.take();
    const charge = known !== null ? known : new Charge(this.link, this.algorithm, new Demand(), this, this);
    this.waiting.unpack(waiting, charge.demand);
    charge.resume(waiting);
    if (!charge.mayBeMade) this.renewNow(charge);
    if (this.link.breaker.isOpen) this.repeated = charge;
    this.send(charge);
  }

  /** Gives a charge that was certainly not made a new name and a new deadline. */
  private renew(charge: Charge, reading: i64, nowMs: i64): void {
    const transport = this.link.transport;
    const isAnswer = charge.name == MarkerName.Answer;
    // A hold is found by its name, so its settlement keeps that.
    if (!isAnswer && !charge.isHeld) {
      charge.idLow = transport.newNumber();
      charge.idHigh = transport.identity;
    }
    charge.lifeMs = isAnswer ? ANSWER_LIFE_MS : chargeLifeMs(transport.timeoutMs);
    charge.deadlineMs = transport.clock.at(reading) + charge.lifeMs;
    charge.renewals = 0;
    charge.namedAtMs = nowMs;
  }

  private renewNow(charge: Charge): void {
    const reading = nowMilliseconds();
    this.renew(charge, reading, this.outboxes.timeAtMs(reading));
  }

  private fail(charge: Charge, failure: Failure): void {
    const link = this.link;
    const isError = failure == Failure.ErrorReply;
    link.failed(failure);
    if (isError) link.breaker.works();
    const isUnknown =
      failure == Failure.Network || failure == Failure.Malformed || (isError && !isRefusal(link.reply.error));
    // Its marker lasts from when the charge was named, however long it had waited before.
    if (isUnknown && !charge.mayBeMade) {
      charge.mayBeMade = true;
      charge.sinceMs = charge.namedAtMs;
    }
    const nowMs = this.outboxes.nowMs();
    if (!isError && failure != Failure.Malformed) link.breaker.fails(nowMs);
    this.keep(charge, nowMs);
  }

  /** Makes a charge wait that was not made, or may not have been. Without time or room it is lost. */
  private keep(charge: Charge, nowMs: i64): void {
    let waiting = charge.waiting;
    if (waiting === null && this.outboxes.isOpen) waiting = this.waiting.make(charge.demand);
    charge.waiting = null;
    if (waiting === null) {
      this.counter.lost(charge.tokens);
    } else {
      charge.suspend(waiting);
      waiting.dueMs = charge.attempts > 0 ? nowMs + delayAfterMs(charge.attempts) : nowMs;
      if (!this.outboxes.isOpen || isTooOld(waiting, nowMs)) {
        this.lose(waiting);
      } else {
        this.waiting.put(waiting);
        this.outboxes.wake(this);
      }
    }
    charge.owner.onCharged(charge);
  }

  private lose(waiting: WaitingCharge): void {
    this.counter.lost(waiting.tokens);
    this.waiting.free(waiting);
  }

  /** Redis has answered a charge, other than with an error. */
  private settle(charge: Charge): void {
    const link = this.link;
    link.breaker.works();
    switch (readSettle(link.reply, charge.demand)) {
      case Settlement.Made:
        this.made(charge, link.reply);
        break;
      case Settlement.MadeBefore:
        // Another call may have charged the answer.
        if (charge.name == MarkerName.Charge || charge.mayBeMade) this.counter.charged(charge.tokens);
        break;
      case Settlement.TooLate:
        link.transport.clock.refused(charge.deadlineMs);
        if (this.beginsAnew(charge)) return;
        this.counter.lost(charge.tokens);
        break;
      case Settlement.Partly:
        this.learnTime(charge, link.reply);
      default:
        link.misread();
        this.counter.lost(charge.tokens);
    }
    charge.owner.onCharged(charge);
  }

  private made(charge: Charge, reply: Reply): void {
    this.learnTime(charge, reply);
    this.counter.charged(charge.tokens);
    if (charge.isHeld) this.counter.settledHold(charge.tokens);
    charge.tell(reply);
    // A charge that has waited no longer knows its limits.
    if (charge.waiting !== null) return;
    const rule = charge.demand.rule;
    if (rule !== null) this.counter.chargedLimits(rule, charge.demand, reply, charge.tokens);
    const excess = charge.excess(reply);
    if (excess > 0) this.counter.exceeded(excess);
    if (isTraced()) charge.trace(reply);
  }

  /** Sends a charge again that came too late and was certainly not made. @returns false if it is not worth another try */
  private beginsAnew(charge: Charge): bool {
    const renewals = charge.renewals;
    if (charge.mayBeMade || renewals >= MAX_RENEWALS) return false;
    this.renewNow(charge);
    charge.renewals = renewals + 1;
    this.send(charge);
    return true;
  }

  /** Learns Redis' clock from the time that is left until the deadline. */
  private learnTime(charge: Charge, reply: Reply): void {
    const leftMs = leftUntilDeadlineMs(reply);
    if (leftMs == NOT_A_NUMBER) return;
    const isAsExpected = !charge.mayBeMade && abs(charge.lifeMs - leftMs) < TOLERANCE_MS;
    if (!isAsExpected) this.link.transport.clock.shows(charge.deadlineMs - leftMs);
  }
}
