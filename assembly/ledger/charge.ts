import { NOT_A_NUMBER } from "../bytes/decimal";
import { ByteBuilder } from "../bytes/builder";
import { Command } from "../redis/command";
import { Link } from "../redis/link";
import { Reply } from "../redis/reply";
import { ScriptCall } from "../redis/script";
import { Failure } from "../redis/failure";
import { Algorithm } from "./algorithm";
import { countsTokens } from "./counter-kind";
import { Demand } from "./demand";
import { Hold } from "./hold";
import { writeHoldKeys, writeKind } from "./hold-arguments";
import { SETTLE_HELD } from "./lua/scripts";
import { appendMarkerKey, MarkerName } from "./marker";
import { valueAfterSettle, writeSettle } from "./settlement";
import { Spending } from "./spending";
import { traceCharge } from "./trace";
import { WaitingCharge } from "./waiting-charges";

// The marker's key, made anew for each command.
const marker = new ByteBuilder(64);

/** Sends charges, and resends those that failed. */
export interface ChargeSender {
  /** Sends a charge whose tokens and name are set, now or later. */
  begin(charge: Charge): void;
  /** An attempt has come to its end. */
  onAnswered(charge: Charge, failure: Failure): void;
}

/** Owns the demand of a charge, which must not change until `onCharged`. */
export interface ChargeOwner {
  /** Called once: the charge was made or is lost, or it waits in the outbox without this object. */
  onCharged(charge: Charge): void;
}

/**
 * Adds tokens to the counters of a demand, once. It outlives the stream, and is reused with its ticket, or by the outbox.
 * Times are in milliseconds: the deadline by Redis' clock, all others by the outbox's.
 */
@final
export class Charge extends ScriptCall {
  /** Whether it settles a hold. If so, it has the name of the hold, and never gets another. */
  isHeld: bool = false;
  /** When the hold lapses and what is reserved on each counter, in weighted tokens, as far as is known; else 0. */
  lapsesAtMs: i64 = 0;
  held: i64 = 0;
  /** What the input alone costs; -1 if that is not known, or the charge has waited: estimates may do without. */
  input: i64 = -1;
  /** What to add, in weighted tokens; 0 only leaves the marker. */
  tokens: i64 = 0;
  /** What its marker is named after: the answer, or the charge itself, which has 128 bits that nothing else has. */
  name: MarkerName = MarkerName.Charge;
  idHigh: u64 = 0;
  idLow: u64 = 0;
  /** From then on Redis refuses the charge, and has forgotten its marker. */
  deadlineMs: i64 = 0;
  /** How long after its start the deadline was. */
  lifeMs: i64 = 0;
  /** When it began, and when it got its name. */
  sinceMs: i64 = 0;
  namedAtMs: i64 = 0;
  /** How often it was sent. */
  attempts: i32 = 0;
  /** How often in a row it got a new name because Redis had refused its deadline. */
  renewals: i32 = 0;
  /** Whether an attempt may have succeeded, although no reply says so. Then its name must stay. */
  mayBeMade: bool = false;
  /** The block it was read from, if it has waited; else null. */
  waiting: WaitingCharge | null = null;
  /** Is told what the counters hold once the charge is made, then forgotten; may be null. */
  spending: Spending | null = null;
  /** What comes after this charge: the name of an answer, 0 if none, and the tokens to charge under it. */
  private nextHigh: u64 = 0;
  private nextLow: u64 = 0;
  private nextTokens: i64 = 0;

  constructor(
    link: Link,
    private readonly algorithm: Algorithm,
    readonly demand: Demand,
    private readonly sender: ChargeSender,
    readonly owner: ChargeOwner,
  ) {
    super(link);
  }

  /**
   * Charges `tokens`, now or, if that fails, later; the owner is told of the end. With the name of an answer, only the first
   * charge under that name within a day is made. The name is a hash of 128 bits, the same in all gateways; 0 is no name.
   * Counters in different slots of a Redis Cluster are charged once each. The marker of an answer takes some 150 bytes in
   * Redis for a day.
   */
  begin(tokens: i64, answerHigh: u64 = 0, answerLow: u64 = 0): void {
    this.isHeld = false;
    this.lapsesAtMs = this.held = 0;
    this.input = -1;
    const isNamed = (answerHigh | answerLow) != 0;
    this.start(tokens, isNamed ? MarkerName.Answer : MarkerName.Charge, answerHigh, answerLow);
  }

  private start(tokens: i64, name: MarkerName, idHigh: u64, idLow: u64): void {
    this.tokens = tokens;
    this.name = name;
    this.idHigh = idHigh;
    this.idLow = idLow;
    this.attempts = 0;
    this.mayBeMade = false;
    this.sender.begin(this);
  }

  /**
   * Charges `tokens` in place of what a hold has reserved. If the answer is new, this treats its name as `beginNew` does.
   * Otherwise it charges under that name, as `begin` does, but ends the hold first, because the name may have been charged
   * already. Even 0 tokens are sent, to end the hold.
   * @param input how much of it is for the input; -1 if that is not known
   * @param hold the hold that was asked for, and may have been made
   */
  beginHeld(tokens: i64, input: i64, hold: Hold, answerHigh: u64, answerLow: u64, isNew: bool): void {
    const isFetched = !isNew && (answerHigh | answerLow) != 0;
    this.nextHigh = answerHigh;
    this.nextLow = answerLow;
    this.nextTokens = isFetched ? tokens : 0;
    this.isHeld = true;
    this.lapsesAtMs = hold.lapsesAtMs;
    this.held = hold.amount;
    this.input = isFetched ? -1 : input;
    this.start(isFetched ? 0 : tokens, MarkerName.Charge, hold.idHigh, hold.idLow);
  }

  /**
   * Charges an answer that has just been created, in any case, because its name may come from the caller. `beginNext` then
   * leaves the name behind, so that fetching the answer costs nothing. A name of 0 is none.
   */
  beginNew(tokens: i64, answerHigh: u64, answerLow: u64): void {
    this.nextHigh = answerHigh;
    this.nextLow = answerLow;
    this.begin(tokens);
  }

  /** Charges under the name of the answer what is left; 0 tokens leave only the name. @returns false if there is no name */
  beginNext(): bool {
    const high = this.nextHigh;
    const low = this.nextLow;
    if ((high | low) == 0) return false;
    this.nextHigh = 0;
    this.nextLow = 0;
    const tokens = this.nextTokens;
    this.nextTokens = 0;
    this.begin(tokens, high, low);
    return true;
  }

  /** Continues a charge that has waited. Its counters are in `demand` already. */
  resume(waiting: WaitingCharge): void {
    this.waiting = waiting;
    this.tokens = waiting.tokens;
    this.name = waiting.name;
    this.idHigh = waiting.idHigh;
    this.idLow = waiting.idLow;
    this.deadlineMs = waiting.deadlineMs;
    this.sinceMs = waiting.sinceMs;
    this.attempts = waiting.attempts;
    this.mayBeMade = waiting.mayBeMade;
    this.isHeld = waiting.isHeld;
    this.lapsesAtMs = waiting.lapsesAtMs;
    this.held = waiting.held;
    this.input = -1;
  }

  /** Saves what `resume` needs. */
  suspend(waiting: WaitingCharge): void {
    waiting.tokens = this.tokens;
    waiting.name = this.name;
    waiting.idHigh = this.idHigh;
    waiting.idLow = this.idLow;
    waiting.deadlineMs = this.deadlineMs;
    waiting.sinceMs = this.sinceMs;
    waiting.attempts = this.attempts;
    waiting.mayBeMade = this.mayBeMade;
    waiting.isHeld = this.isHeld;
    waiting.lapsesAtMs = this.lapsesAtMs;
    waiting.held = this.held;
  }

  /** Tells `spending` what the counters hold. @param reply to a charge that was made */
  tell(reply: Reply): void {
    const spending = this.spending;
    const demand = this.demand;
    if (spending === null) return;
    for (let i = 0; i < demand.length; ++i) {
      spending.heard(this.algorithm.deniesForSeconds(demand, i, valueAfterSettle(reply, i)));
    }
  }

  /** Logs, at level debug, what it has made of its counters. */
  trace(reply: Reply): void {
    for (let i = 0; i < this.demand.length; ++i) {
      if (countsTokens(this.demand.kind(i)))
        traceCharge(this.algorithm, this.demand, i, valueAfterSettle(reply, i), this.tokens);
    }
  }

  /** How many of its tokens exceed a limit, once it has been made. @param reply to the charge */
  excess(reply: Reply): i64 {
    let most: i64 = 0;
    for (let i = 0; i < this.demand.length; ++i) {
      const value = valueAfterSettle(reply, i);
      if (value != NOT_A_NUMBER) most = max(most, this.algorithm.excess(this.demand, i, value));
    }
    return min(most, this.tokens);
  }

  /** Makes one attempt. The sender is told of its end, possibly before this returns. */
  send(): void {
    this.attempts++;
    this.run(this.isGeneral ? SETTLE_HELD : this.algorithm.settleScript, this.demand.length);
  }

  protected write(command: Command): void {
    if (this.isGeneral) return this.writeHeld(command);
    const demand = this.demand;
    marker.clear();
    appendMarkerKey(marker, this.name, demand.key(0), demand.keySize(0), this.idHigh, this.idLow);
    writeSettle(command, demand, marker, this.deadlineMs, this.algorithm.amount(this.tokens));
  }

  /** Whether it needs the script for holds, because it settles a hold or some counter is not a plain string. */
  private get isGeneral(): bool {
    return this.isHeld || !this.demand.isPlain;
  }

  /** Writes the keys and arguments of settle-held.lua. */
  private writeHeld(command: Command): void {
    const demand = this.demand;
    writeHoldKeys(command, demand, this.name, this.idHigh, this.idLow);
    command.number(this.algorithm.amount(1));
    command.number(this.tokens);
    command.number(this.deadlineMs);
    command.number(this.lapsesAtMs);
    command.number(this.held);
    command.number(this.input);
    for (let i = 0; i < demand.length; ++i) writeKind(command, demand, i);
  }

  protected onResult(failure: Failure): void {
    this.sender.onAnswered(this, failure);
  }
}
