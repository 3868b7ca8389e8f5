import { bytesOf } from "../bytes/bytes";
import { NOT_A_NUMBER } from "../bytes/decimal";
import { Command } from "../redis/command";
import { Failure } from "../redis/failure";
import { Link } from "../redis/link";
import { isRefusal } from "../redis/refusal";
import { Reply, ReplyKind } from "../redis/reply";
import { ScriptCall } from "../redis/script";
import { Algorithm } from "./algorithm";
import { countsTokens } from "./counter-kind";
import { Decision, Outcome } from "./decision";
import { Demand } from "./demand";
import { HOLD } from "./lua/scripts";
import { writeHoldKeys, writeKind } from "./hold-arguments";
import { MarkerName } from "./marker";
import { Ask, NO_RESERVATION, Reservation } from "./reservation";
import { isTraced, tracePeek } from "./trace";

const ASSUMED = bytesOf("assumed");
const STATED = bytesOf("stated");
const CHARGE = bytesOf("charge");
const RELEASE = bytesOf("release");
const READINGS = bytesOf("readings");
const NONE = bytesOf("-");
/** The least factor for the estimate of the input, in percent: if reservations may shrink, and if they may not. */
const LEAST_WHEN_SHRINKING: i64 = 50;
const LEAST: i64 = 100;

/** Whoever asked. */
export interface HoldListener {
  /** The decision has been made, if only that nobody knows. Called once for each `begin`. */
  onHeld(): void;
}

/**
 * Reserves what a call asks for on all counters of a demand, or on none, and decides, in one round trip. It belongs to a ticket,
 * and is reused with it. The marker of the later charge is the record of the hold, so that neither happens twice.
 */
@final
export class Hold extends ScriptCall {
  readonly ask: Ask = new Ask();
  /** Whether the counters are only read: `ask` wants what no counter gives, and nothing is decided. */
  readsOnly: bool = false;
  /** Whether the counters are to be read even if all of them have room. */
  wantsReadings: bool = false;
  /** After `onHeld`: whether there is a hold, or may be one although no reply says so. */
  mayBeMade: bool = false;
  /** The name of the marker, which nothing else has. */
  idHigh: u64 = 0;
  idLow: u64 = 0;
  /**
   * After `onHeld`, when the outcome is Admit: when the hold lapses, in milliseconds since the epoch by Redis' clock, and what
   * was reserved on each counter, weighted.
   */
  lapsesAtMs: i64 = 0;
  amount: i64 = 0;
  private reservation: Reservation = NO_RESERVATION;

  constructor(
    link: Link,
    private readonly algorithm: Algorithm,
    private readonly demand: Demand,
    private readonly decision: Decision,
    private readonly listener: HoldListener,
  ) {
    super(link);
  }

  /** Asks Redis for what `ask` says, and calls the listener, possibly before this returns. At most one may be in flight. */
  begin(reservation: Reservation): void {
    this.reservation = reservation;
    const transport = this.link.transport;
    this.idLow = transport.newNumber();
    this.idHigh = transport.identity;
    this.mayBeMade = false;
    this.lapsesAtMs = this.amount = 0;
    this.run(HOLD, this.demand.length);
  }

  protected write(command: Command): void {
    const demand = this.demand;
    const count = demand.length;
    writeHoldKeys(command, demand, MarkerName.Charge, this.idHigh, this.idLow);
    command.number(this.algorithm.amount(1));
    command.number(this.ask.input);
    command.number(this.ask.output);
    command.number(this.ask.least);
    command.text(this.ask.isAssumed ? ASSUMED : STATED);
    command.number(this.reservation.bucketMs);
    command.text(this.reservation.chargesLapsed ? CHARGE : RELEASE);
    command.number(this.reservation.recordMs);
    command.text(this.wantsReadings ? READINGS : NONE);
    command.number(this.ask.model);
    command.number(this.ask.mayShrink ? LEAST_WHEN_SHRINKING : LEAST);
    for (let i = 0; i < count; ++i) {
      writeKind(command, demand, i);
      command.number(demand.isEnforced(i) ? demand.capacity(i) : -demand.capacity(i));
    }
  }

  protected onResult(failure: Failure): void {
    const link = this.link;
    if (failure == Failure.None) {
      link.breaker.works();
      this.read(link.reply);
    } else {
      link.failed(failure);
      const isRefused = failure == Failure.ErrorReply && isRefusal(link.reply.error);
      this.mayBeMade =
        failure == Failure.Network ||
        failure == Failure.Malformed ||
        (failure == Failure.ErrorReply && !isRefused);
      this.decision.unknown(failure);
    }
    this.listener.onHeld();
  }

  private read(reply: Reply): void {
    this.decision.begin();
    const rows = 3 * this.demand.length;
    const length = this.readLapsed(reply);
    if (length == rows) return this.deny(reply);
    const last = length - 4;
    const granted = last == (this.wantsReadings ? rows : 0) ? reply.numberAt(last) : NOT_A_NUMBER;
    this.mayBeMade = true;
    if (granted == NOT_A_NUMBER) {
      this.link.misread();
      this.decision.unknown(Failure.Malformed);
      return;
    }
    this.lapsesAtMs = reply.numberAt(last + 1);
    this.amount = this.ask.input + reply.numberAt(last + 2) + granted;
    this.decision.granted = granted;
    this.link.counter.reserved(this.amount);
    if (this.wantsReadings) this.readRows(reply, true);
  }

  /** Counts what has lapsed, if the reply says so. @returns the length of a reply that does not; -1 if it is none */
  private readLapsed(reply: Reply): i32 {
    const length = reply.length;
    if (reply.kind != ReplyKind.Array) return -1;
    const last = length % 3 == 2 ? reply.kindAt(length - 1) : ReplyKind.Integer;
    if (last != ReplyKind.Bulk && last != ReplyKind.Null) return length;
    const tokens = reply.numberAt(length - 2);
    if (tokens > 0) this.link.counter.lapsed(tokens, this.reservation.chargesLapsed);
    return last == ReplyKind.Null ? length - 2 : length - 1;
  }

  /** Finds out which counter has no room, unless the counters are only read. */
  private deny(reply: Reply): void {
    const demand = this.demand;
    this.readRows(reply, false);
    const row = demand.firstEnforced;
    if (this.readsOnly || row < 0 || this.decision.outcome == Outcome.Deny) return;
    this.decision.exceeded(row, demand.capacity(row), 0, 1000);
  }

  /** Reads the counters into the demand, and decides. @param isHeld whether this call has reserved on them since */
  private readRows(reply: Reply, isHeld: bool): void {
    const demand = this.demand;
    const asked = this.ask.input + this.ask.least;
    const traced = isTraced();
    let unreadable = false;
    for (let i = 0; i < demand.length; ++i) {
      const exists = reply.kindAt(3 * i) != ReplyKind.Null;
      const value = exists ? reply.numberAt(3 * i) : 0;
      const leftMs = reply.numberAt(3 * i + 1);
      if (value == NOT_A_NUMBER) unreadable = true;
      if (traced) tracePeek(this.algorithm, demand, i, value, leftMs);
      const held = max(reply.numberAt(3 * i + 2), 0);
      demand.setReading(i, value, held, leftMs);
      // Of what was reserved, the script has decided: only shadows are left.
      if (!this.readsOnly && !(isHeld && demand.isEnforced(i))) {
        this.algorithm.decideHold(demand, i, exists, asked, this.decision);
      }
      if (!isHeld) continue;
      const own = countsTokens(demand.kind(i)) ? this.amount : 1;
      demand.setReading(i, value, held + own, leftMs);
    }
    if (unreadable) this.link.misread();
  }
}
