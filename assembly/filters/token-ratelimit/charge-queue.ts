import { nowMilliseconds, nowNanoseconds } from "../../abi/time";
import { Counters } from "../../ledger/counters";
import { MarkerName } from "../../ledger/marker";
import { ANSWER_LIFE_MS, chargeLifeMs, delayAfter } from "../../ledger/schedule";
import { isTooOld, WaitingCharge, WaitingCharges } from "../../ledger/waiting-charges";
import { isRefusal, kindOf } from "../../redis/refusal";
import { Reply, ReplyKind } from "../../redis/reply";
import { Failure, Transport } from "../../redis/transport";
import { Charge, ChargeOwner, ChargeSender } from "./charge";
import { ChargeQueues, Waiters } from "./charge-queues";
import { Counts } from "./counts";
import { FailureLog } from "./failures";
import { Probe, ProbeListener } from "./probe";
import { isTraced, traceCharge } from "./trace";

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

/**
 * The way of charges to one Redis. What fails is sent again, under the same marker if it may have been made.
 *
 * As long as Redis does not answer, no charge is sent, and now and then it is asked whether it does again. All that come
 * meanwhile wait, and as they were surely not made, those to the same counters become one.
 */
@final
export class ChargeQueue implements ChargeSender, ChargeOwner, ProbeListener, Waiters {
  private readonly waiting: WaitingCharges;
  private unanswered: i32 = 0;
  /** Charges for what is sent again. */
  private idle: Charge[] = [];
  /** Whether Redis did not answer when it was last asked. */
  private failing: bool = false;
  /** How often in a row, and when it is to be asked again. */
  private failures: i32 = 0;
  private nextProbe: i64 = 0;
  private probe: Probe | null = null;
  /** The charge by which it is asked, which may have been made anyway. */
  private repeated: Charge | null = null;

  constructor(
    private readonly queues: ChargeQueues,
    private readonly transport: Transport,
    private readonly counts: Counts,
    private readonly log: FailureLog,
  ) {
    this.waiting = new WaitingCharges(queues.room, <u64>nowNanoseconds());
  }

  areNone(): bool {
    return this.waiting.isEmpty;
  }

  begin(charge: Charge): void {
    const reading = nowMilliseconds();
    const now = this.queues.timeAt(reading);
    charge.since = now;
    if (this.failing || this.unanswered >= MAX_UNANSWERED) return this.keep(charge, now);
    this.renew(charge, reading, now);
    this.send(charge);
  }

  /** Redis has answered, whatever and to whom. */
  works(): void {
    this.failing = false;
    this.failures = 0;
  }

  tick(now: i64): void {
    let old = this.waiting.takeOld(now);
    while (old !== null) {
      this.lose(old);
      old = this.waiting.takeOld(now);
    }
    if (this.failing && now >= this.nextProbe) this.ask();
    for (let i = 0; i < MAX_PER_TICK && !this.failing && this.unanswered < MAX_UNANSWERED; ++i) {
      const due = this.waiting.takeDue(now);
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
    if (failure == Failure.None || failure == Failure.ErrorReply) this.works();
    else if (failure != Failure.Malformed) this.rest(this.queues.now());
    if (failure != Failure.None) this.report(failure);
    this.queues.answered();
  }

  onAnswered(charge: Charge, failure: Failure): void {
    if (this.repeated === charge) this.repeated = null;
    if (failure != Failure.None) this.fail(charge, failure);
    else this.settle(charge);
    this.unanswered--;
    this.queues.answered();
  }

  /** A charge has ended that was sent again. */
  onCharged(charge: Charge): void {
    const waiting = charge.waiting;
    if (waiting !== null) this.waiting.free(waiting);
    charge.waiting = null;
    if (this.idle.length < MAX_IDLE) this.idle.push(charge);
  }

  private send(charge: Charge): void {
    this.unanswered++;
    this.queues.sent();
    charge.send();
  }

  /** Asks Redis whether it answers again: by a charge that may have been made anyway, or by reading a counter. */
  private ask(): void {
    let probe = this.probe;
    if (probe === null) probe = new Probe(this.transport, this);
    this.probe = probe;
    const first = this.waiting.first;
    if (probe.isOut || this.repeated !== null || first === null) return;
    if (first.mayBeMade) {
      const taken = this.waiting.takeFirst();
      if (taken !== null) this.sendAgain(taken);
      return;
    }
    this.waiting.unpack(first, probe.counters);
    this.queues.sent();
    probe.send();
  }

  private sendAgain(waiting: WaitingCharge): void {
    const charge =
      this.idle.length > 0 ? this.idle.pop() : new Charge(this.transport, new Counters(), this, this);
    this.waiting.unpack(waiting, charge.counters);
    charge.waiting = waiting;
    charge.tokens = waiting.tokens;
    charge.name = waiting.name;
    charge.idHigh = waiting.idHigh;
    charge.idLow = waiting.idLow;
    charge.deadline = waiting.deadline;
    charge.since = waiting.since;
    charge.attempts = waiting.attempts;
    charge.mayBeMade = waiting.mayBeMade;
    if (!charge.mayBeMade) this.renewNow(charge);
    if (this.failing) this.repeated = charge;
    this.send(charge);
  }

  /** Begins a charge anew that was surely not made: under another name, and with time until another deadline. */
  private renew(charge: Charge, reading: i64, now: i64): void {
    const transport = this.transport;
    const isAnswer = charge.name == MarkerName.Answer;
    if (!isAnswer) {
      charge.idLow = transport.newNumber();
      charge.idHigh = transport.identity;
    }
    charge.lifeMs = isAnswer ? ANSWER_LIFE_MS : chargeLifeMs(transport.timeoutMs);
    charge.deadline = transport.clock.at(reading) + charge.lifeMs;
    charge.renewals = 0;
    charge.namedAt = now;
  }

  private renewNow(charge: Charge): void {
    const reading = nowMilliseconds();
    this.renew(charge, reading, this.queues.timeAt(reading));
  }

  private fail(charge: Charge, failure: Failure): void {
    const isError = failure == Failure.ErrorReply;
    this.report(failure);
    if (isError) this.works();
    const isUnknown =
      failure == Failure.Network ||
      failure == Failure.Malformed ||
      (isError && !isRefusal(this.transport.reply.error));
    // However long it had waited before: its marker has its time from when it was named.
    if (isUnknown && !charge.mayBeMade) {
      charge.mayBeMade = true;
      charge.since = charge.namedAt;
    }
    const now = this.queues.now();
    if (!isError && failure != Failure.Malformed) this.rest(now);
    this.keep(charge, now);
  }

  /** Counts and logs a failure of Redis, with the error of its last reply if it is one. */
  private report(failure: Failure): void {
    const error = this.transport.reply.error;
    const isError = failure == Failure.ErrorReply;
    const kind = isError ? kindOf(error) : failure;
    this.counts.redisFailure(kind);
    this.log.report(kind, isError ? error : null);
  }

  /** Redis did not answer: it is left alone for a while. */
  private rest(now: i64): void {
    // Of those that were on their way when it stopped, only the first counts.
    if (this.failing && now < this.nextProbe) return;
    this.failing = true;
    this.nextProbe = now + delayAfter(++this.failures);
  }

  /** Has a charge wait that was not made, or may not have been, if there is time and room; else it is lost. */
  private keep(charge: Charge, now: i64): void {
    let waiting = charge.waiting;
    if (waiting === null && this.queues.isOpen && !charge.counters.overflowed) {
      waiting = this.waiting.make(charge.counters);
    }
    charge.waiting = null;
    if (waiting === null) {
      this.counts.lost(charge.tokens);
    } else {
      waiting.tokens = charge.tokens;
      waiting.name = charge.name;
      waiting.idHigh = charge.idHigh;
      waiting.idLow = charge.idLow;
      waiting.deadline = charge.deadline;
      waiting.since = charge.since;
      waiting.due = charge.attempts > 0 ? now + delayAfter(charge.attempts) : now;
      waiting.attempts = charge.attempts;
      waiting.mayBeMade = charge.mayBeMade;
      if (!this.queues.isOpen || isTooOld(waiting, now)) {
        this.lose(waiting);
      } else {
        this.waiting.put(waiting);
        this.queues.wake(this);
      }
    }
    charge.owner.onCharged(charge);
  }

  private lose(waiting: WaitingCharge): void {
    this.counts.lost(waiting.tokens);
    this.waiting.free(waiting);
  }

  private settle(charge: Charge): void {
    const transport = this.transport;
    const reply = transport.reply;
    this.works();
    if (isTooLate(reply)) {
      transport.clock.refused(charge.deadline);
      const renewals = charge.renewals;
      if (!charge.mayBeMade && renewals < MAX_RENEWALS) {
        this.renewNow(charge);
        charge.renewals = renewals + 1;
        return this.send(charge);
      }
      this.counts.lost(charge.tokens);
    } else if (isMadeBefore(reply)) {
      // An answer may have been charged by somebody else.
      if (charge.name == MarkerName.Charge || charge.mayBeMade) this.counts.charged(charge.tokens);
    } else if (this.isMade(charge, reply)) {
      this.counts.charged(charge.tokens);
      charge.tell(reply);
      // What has waited has no thresholds.
      if (charge.waiting === null && isTraced()) traceAll(charge, reply);
    } else {
      this.report(reply.error.byteLength > 0 ? Failure.ErrorReply : Failure.Malformed);
      this.counts.lost(charge.tokens);
    }
    charge.owner.onCharged(charge);
  }

  /** Whether all counters were added to. */
  private isMade(charge: Charge, reply: Reply): bool {
    if (reply.kind != ReplyKind.Array || reply.length != charge.counters.length + 1) return false;
    this.learnTime(charge, reply);
    for (let i = 1; i < reply.length; ++i) {
      if (reply.kindAt(i) != ReplyKind.Integer) return false;
    }
    return true;
  }

  /** Redis' clock shows what is missing to the deadline. */
  private learnTime(charge: Charge, reply: Reply): void {
    if (reply.kindAt(0) != ReplyKind.Integer) return;
    const left = reply.numberAt(0);
    const isAsExpected = !charge.mayBeMade && abs(charge.lifeMs - left) < TOLERANCE_MS;
    if (!isAsExpected) this.transport.clock.shows(charge.deadline - left);
  }
}

/** Tells what a charge has made of its counters. */
function traceAll(charge: Charge, reply: Reply): void {
  const counters = charge.counters;
  for (let i = 0; i < counters.length; ++i) traceCharge(counters, i, reply.numberAt(i + 1), charge.tokens);
}

/** Whether Redis has refused a charge because its deadline has passed. */
function isTooLate(reply: Reply): bool {
  return reply.kind == ReplyKind.Array && reply.length == 1;
}

/** Whether an earlier attempt has made a charge. */
function isMadeBefore(reply: Reply): bool {
  return reply.kind == ReplyKind.Array && reply.length == 0;
}
