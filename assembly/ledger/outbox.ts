import { Pool } from "../abi/pool";
import { nowMilliseconds, nowNanoseconds } from "../abi/time";
import { NOT_A_NUMBER } from "../bytes/decimal";
import { delayAfterMs } from "../redis/backoff";
import { Link } from "../redis/link";
import { isRefusal } from "../redis/refusal";
import { Reply } from "../redis/reply";
import { Failure } from "../redis/failure";
import { leftUntilDeadlineMs, readSettle, Settlement, tokensAfterSettle } from "./algorithms/fixed-window";
import { Charge, ChargeOwner, ChargeSender } from "./charge";
import { Demand } from "./demand";
import { MarkerName } from "./marker";
import { Outboxes, Waiters } from "./outboxes";
import { Probe, ProbeListener } from "./probe";
import { ANSWER_LIFE_MS, chargeLifeMs } from "./schedule";
import { isTraced, traceCharge } from "./trace";
import { isTooOld, WaitingCharge, WaitingCharges } from "./waiting-charges";

/** The most charges in flight at once; further ones wait. */
const MAX_UNANSWERED: i32 = 1024;
/** Charges sent per tick at most, so that a tick does not hold up the worker. */
const MAX_PER_TICK: i32 = 512;
/** How often in a row a charge is renamed after Redis refused it as too late, although it was never made. */
const MAX_RENEWALS: i32 = 3;
/** What Redis' clock shows is learnt anew when it is off by more. */
const TOLERANCE_MS: i64 = 2_000;
/** Idle `Charge` objects kept for charges that are sent again. */
const MAX_IDLE: i32 = 64;

/** Who counts what becomes of charges, in tokens. */
export interface ChargeCounter {
  /** Redis has counted them. */
  charged(tokens: i64): void;
  /** They were consumed, and Redis could not be told of them. */
  lost(tokens: i64): void;
}

/**
 * The way of charges to one Redis. What fails is sent again, under the same marker if it may have been made.
 *
 * As long as Redis does not answer, no charge is sent, and now and then it is asked whether it does again. All that come
 * meanwhile wait, and as they were surely not made, those to the same counters become one.
 */
@final
export class Outbox implements ChargeSender, ChargeOwner, ProbeListener, Waiters {
  private readonly waiting: WaitingCharges;
  private unanswered: i32 = 0;
  /** Charges for what is sent again. */
  private readonly idle: Pool<Charge> = new Pool<Charge>(MAX_IDLE);
  private probe: Probe | null = null;
  /** The charge by which a Redis is asked that did not answer, which may have been made anyway. */
  private repeated: Charge | null = null;

  constructor(
    private readonly outboxes: Outboxes,
    private readonly link: Link,
    private readonly counter: ChargeCounter,
  ) {
    this.waiting = new WaitingCharges(outboxes.room, <u64>nowNanoseconds());
  }

  areNone(): bool {
    return this.waiting.isEmpty;
  }

  begin(charge: Charge): void {
    const reading = nowMilliseconds();
    const nowMs = this.outboxes.timeAtMs(reading);
    charge.sinceMs = nowMs;
    if (this.link.breaker.isOpen || this.unanswered >= MAX_UNANSWERED) return this.keep(charge, nowMs);
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
    for (let i = 0; i < MAX_PER_TICK && !breaker.isOpen && this.unanswered < MAX_UNANSWERED; ++i) {
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
    if (failure != Failure.None) this.fail(charge, failure);
    else this.settle(charge);
    this.unanswered--;
    this.outboxes.answered();
  }

  /** A charge has ended that was sent again. */
  onCharged(charge: Charge): void {
    const waiting = charge.waiting;
    if (waiting !== null) this.waiting.free(waiting);
    charge.waiting = null;
    this.idle.put(charge);
  }

  private send(charge: Charge): void {
    this.unanswered++;
    this.outboxes.sent();
    charge.send();
  }

  /** Asks Redis whether it answers again: by a charge that may have been made anyway, or by reading a counter. */
  private ask(): void {
    let probe = this.probe;
    if (probe === null) probe = new Probe(this.link, this);
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
    const charge = known !== null ? known : new Charge(this.link, new Demand(), this, this);
    this.waiting.unpack(waiting, charge.demand);
    charge.resume(waiting);
    if (!charge.mayBeMade) this.renewNow(charge);
    if (this.link.breaker.isOpen) this.repeated = charge;
    this.send(charge);
  }

  /** Begins a charge anew that was surely not made: under another name, and with time until another deadline. */
  private renew(charge: Charge, reading: i64, nowMs: i64): void {
    const transport = this.link.transport;
    const isAnswer = charge.name == MarkerName.Answer;
    if (!isAnswer) {
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
    // However long it had waited before: its marker has its time from when it was named.
    if (isUnknown && !charge.mayBeMade) {
      charge.mayBeMade = true;
      charge.sinceMs = charge.namedAtMs;
    }
    const nowMs = this.outboxes.nowMs();
    if (!isError && failure != Failure.Malformed) link.breaker.fails(nowMs);
    this.keep(charge, nowMs);
  }

  /** Has a charge wait that was not made, or may not have been, if there is time and room; else it is lost. */
  private keep(charge: Charge, nowMs: i64): void {
    let waiting = charge.waiting;
    if (waiting === null && this.outboxes.isOpen && !charge.demand.overflowed) {
      waiting = this.waiting.make(charge.demand);
    }
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

  /** Redis has answered to a charge, and no error. */
  private settle(charge: Charge): void {
    const link = this.link;
    link.breaker.works();
    switch (readSettle(link.reply, charge.demand)) {
      case Settlement.Made:
        this.made(charge, link.reply);
        break;
      case Settlement.MadeBefore:
        // An answer may have been charged by somebody else.
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
    charge.tell(reply);
    // What has waited does not know its limits.
    if (charge.waiting === null && isTraced()) traceAll(charge, reply);
  }

  /** Sends a charge again that came too late, and was surely not made; whether it is worth a try. */
  private beginsAnew(charge: Charge): bool {
    const renewals = charge.renewals;
    if (charge.mayBeMade || renewals >= MAX_RENEWALS) return false;
    this.renewNow(charge);
    charge.renewals = renewals + 1;
    this.send(charge);
    return true;
  }

  /** Redis' clock shows what is missing to the deadline. */
  private learnTime(charge: Charge, reply: Reply): void {
    const leftMs = leftUntilDeadlineMs(reply);
    if (leftMs == NOT_A_NUMBER) return;
    const isAsExpected = !charge.mayBeMade && abs(charge.lifeMs - leftMs) < TOLERANCE_MS;
    if (!isAsExpected) this.link.transport.clock.shows(charge.deadlineMs - leftMs);
  }
}

/** Tells what a charge has made of its counters. */
function traceAll(charge: Charge, reply: Reply): void {
  const demand = charge.demand;
  for (let i = 0; i < demand.length; ++i) traceCharge(demand, i, tokensAfterSettle(reply, i), charge.tokens);
}
