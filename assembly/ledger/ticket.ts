import { discarded } from "../abi/collector";
import { Pool } from "../abi/pool";
import { ByteBuilder } from "../bytes/builder";
import { Link } from "../redis/link";
import { Algorithm } from "./algorithm";
import { AnswerName } from "./answer-name";
import { Charge, ChargeOwner } from "./charge";
import { Decision } from "./decision";
import { Demand } from "./demand";
import { Outbox } from "./outbox";
import { Hold, HoldListener } from "./hold";
import { Peek, PeekListener } from "./peek";
import { Ask, NO_RESERVATION, Reservation } from "./reservation";
import { Spending } from "./spending";

/** Who may hold a ticket, as bits: each holder at most once. */
const enum Holder {
  /** The stream, or whoever else opened it, until `close` or `settle`. */
  Stream = 1,
  /** The question to Redis, or the hold, until it is answered. */
  Question = 2,
  /** The charge, until it is made or lost, or has moved to the outbox. */
  Charge = 4,
}

/** Who waits for a decision. */
export interface DecisionListener {
  /** Called at most once for each `peek`, `read` or `reserve`. @param decision valid until the ticket is closed */
  onDecided(decision: Decision): void;
}

/**
 * One request's business with the ledger: what it asks for, what was decided, what it is charged. A ticket knows its holders
 * and goes back to the pool when the last one lets go, so requests in flight never share one. After `settle` or `close`, the
 * opener must forget it.
 */
@final
export class Ticket implements PeekListener, HoldListener, ChargeOwner {
  readonly demand: Demand = new Demand();
  private readonly decision: Decision = new Decision(this.demand);
  private readonly question!: Peek;
  private readonly charge!: Charge;
  /** Made when a call first asks for a reservation. */
  private hold: Hold | null = null;
  /** The current holders: a sum of `Holder`; 0 while it is idle. */
  private holders: u32 = 0;
  /** Whether a hold was asked for and is not settled. */
  private isReserved: bool = false;
  /**
   * How the request reserves, and so what becomes of holds that have lapsed, which whoever reads the counters finds. Set it
   * before `peek` and `reserve`.
   */
  reservation: Reservation = NO_RESERVATION;
  /** Whether the demand must have what was read even if all counters have room for a reservation. Set it before `peek`. */
  wantsReadings: bool = false;
  /** What to charge when the ticket is closed: the weighted tokens, those for the input, and the name of the answer, as for `settle`. */
  private owed: i64 = 0;
  private owedForInput: i64 = -1;
  private answerHigh: u64 = 0;
  private answerLow: u64 = 0;
  private isNewAnswer: bool = false;
  /** Who waits for the decision; null if nobody does (any more). */
  private listener: DecisionListener | null = null;

  constructor(
    private readonly link: Link,
    private readonly algorithm: Algorithm,
    outbox: Outbox,
    private readonly home: Pool<Ticket>,
  ) {
    this.question = new Peek(link, algorithm, this.demand, this.decision, this);
    this.charge = new Charge(link, algorithm, this.demand, outbox, this);
  }

  /** Starts a new request, whose stream holds the ticket. Only for the ledger. */
  open(): void {
    this.holders = Holder.Stream;
    this.isReserved = this.isNewAnswer = this.wantsReadings = false;
    this.owed = 0;
    this.owedForInput = -1;
    this.answerHigh = this.answerLow = 0;
    this.listener = null;
    this.reservation = NO_RESERVATION;
  }

  /**
   * Asks Redis for the counters of the demand, and decides. Call it at most once, after `demand.keep()`. It never fails: if
   * Redis cannot be asked or does not answer, the outcome is Unknown. It reserves only on limits on calls at the same time.
   * @param listener is told, possibly before this returns; not if the ticket is closed first
   */
  peek(listener: DecisionListener): void {
    if (this.demand.isPlain) return this.runPeek(listener);
    this.holding.ask.clear();
    this.reserve(listener);
  }

  /**
   * Only reads the counters, into the demand, instead of `peek`: nothing is reserved, and the decision does not matter, except that
   * it is Unknown if they could not be read.
   * @param withHeld whether what is held is read too, beside plain counters
   */
  read(listener: DecisionListener, withHeld: bool): void {
    if (this.demand.isPlain && !withHeld) return this.runPeek(listener);
    const ask = this.holding.ask;
    ask.clear();
    ask.least = 1;
    this.runHold(listener, true);
  }

  /** Appends what was read for a row, in words. */
  appendReason(out: ByteBuilder, row: i32): ByteBuilder {
    if (row >= 0) this.algorithm.describe(out, this.demand, row, this.demand.used(row));
    return out;
  }

  /** What to reserve. Write it before `reserve`. */
  get ask(): Ask {
    return this.holding.ask;
  }

  /**
   * Reserves on the counters of the demand what `ask` says, and decides, instead of `peek`. What is reserved is settled by
   * `settle` or given back by `close`, both possibly before the decision. The rest is as for `peek`.
   */
  reserve(listener: DecisionListener): void {
    this.runHold(listener, false);
  }

  private runPeek(listener: DecisionListener): void {
    this.listener = listener;
    this.holders |= Holder.Question;
    this.question.begin();
  }

  private runHold(listener: DecisionListener, readsOnly: bool): void {
    const hold = this.holding;
    this.listener = listener;
    hold.readsOnly = readsOnly;
    hold.wantsReadings = this.wantsReadings;
    this.holders |= Holder.Question;
    this.isReserved = true;
    hold.begin(this.reservation);
  }

  /** Is told what the counters hold when the charge is made, then forgotten. Set it before `settle`. */
  set spending(spending: Spending) {
    this.charge.spending = spending;
  }

  /**
   * Charges tokens to every row of the demand, and closes the ticket. Call it once, instead of `close`: a closed ticket charges
   * nothing, since others may use it. It returns at once: a charge outlives its ticket's stream, and the outbox repeats it
   * until it is made or given up.
   * @param tokens what the call has consumed, weighted; 0 or less charges nothing
   * @param name the name of the answer, if it can be fetched again: only the first charge under a name is made. It may be
   * unknown. It is read before this returns
   * @param isNew whether this call has just created the answer. Then it is charged in any case, because the name may come from
   * the caller, and the name is left behind afterwards, so that fetching the answer costs nothing
   * @param input how many of the tokens are for the input, from which later estimates are corrected; -1 if that is not known
   */
  settle(tokens: i64, name: AnswerName, isNew: bool, input: i64 = -1): void {
    if ((this.holders & Holder.Stream) == 0) return;
    this.owed = max(tokens, 0);
    this.owedForInput = input;
    this.answerHigh = name.high;
    this.answerLow = name.low;
    this.isNewAnswer = isNew;
    this.close();
  }

  /** The opener lets go, and is not told of a decision any more. Call it once, instead of `settle`. */
  close(): void {
    this.listener = null;
    // As long as nobody knows whether there is a hold, nobody can settle it.
    if (!this.isReserved || (this.holders & Holder.Question) == 0) this.beginCharge();
    this.release(Holder.Stream);
  }

  onPeeked(): void {
    const listener = this.listener;
    this.listener = null;
    if (listener !== null) listener.onDecided(this.decision);
    this.release(Holder.Question);
  }

  onHeld(): void {
    const listener = this.listener;
    this.listener = null;
    if (listener !== null) listener.onDecided(this.decision);
    if ((this.holders & Holder.Stream) == 0) this.beginCharge();
    this.release(Holder.Question);
  }

  onCharged(charge: Charge): void {
    charge.spending = null;
    if (!charge.beginNext()) this.release(Holder.Charge);
  }

  private get holding(): Hold {
    let hold = this.hold;
    if (hold === null) hold = new Hold(this.link, this.algorithm, this.demand, this.decision, this);
    this.hold = hold;
    return hold;
  }

  /** The hold that is to be settled; null if there is none. */
  private get openHold(): Hold | null {
    const hold = this.hold;
    return this.isReserved && hold !== null && hold.mayBeMade ? hold : null;
  }

  /** Charges what is owed, and ends the hold, if there is one. */
  private beginCharge(): void {
    const hold = this.openHold;
    const tokens = this.owed;
    this.isReserved = false;
    this.owed = 0;
    if (tokens == 0 && hold === null) return;
    this.holders |= Holder.Charge;
    const charge = this.charge;
    if (hold !== null)
      charge.beginHeld(tokens, this.owedForInput, hold, this.answerHigh, this.answerLow, this.isNewAnswer);
    else if (this.isNewAnswer) charge.beginNew(tokens, this.answerHigh, this.answerLow);
    else charge.begin(tokens, this.answerHigh, this.answerLow);
  }

  /** Lets go of the ticket; the last holder gives it back. Large ones are left to the garbage collector. */
  private release(holder: Holder): void {
    if ((this.holders & holder) == 0) return;
    this.holders &= ~holder;
    if (this.holders != 0) return;
    this.charge.spending = null;
    if (this.demand.isLarge) discarded(this.demand.bytes);
    else this.home.put(this);
  }
}
