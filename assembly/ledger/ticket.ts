import { discarded } from "../abi/collector";
import { Pool } from "../abi/pool";
import { Link } from "../redis/link";
import { AnswerName } from "./answer-name";
import { Charge, ChargeOwner } from "./charge";
import { Decision } from "./decision";
import { Demand } from "./demand";
import { Outbox } from "./outbox";
import { Peek, PeekListener } from "./peek";
import { Spending } from "./spending";

/** Who may hold a ticket: each of them once. */
const enum Holder {
  /** The stream, or whoever else asked the ledger for it, until `close`. */
  Stream = 1,
  /** The question to Redis, until it is answered. */
  Peek = 2,
  /** The charge, until it is made, is lost, or waits without the ticket. */
  Charge = 4,
}

/** Who waits for a decision. */
export interface DecisionListener {
  /** The ledger has decided. @param decision valid until the ticket is closed */
  onDecided(decision: Decision): void;
}

/**
 * One request's business with the ledger: what it asks for, what was decided, and what it is charged. A request in flight
 * needs its own, but none has to be made for each: when its last holder lets go of it, a later request gets it.
 */
@final
export class Ticket implements PeekListener, ChargeOwner {
  readonly demand: Demand = new Demand();
  private readonly decision: Decision = new Decision();
  private readonly question!: Peek;
  private readonly charge!: Charge;
  /** Who has it: a sum of `Holder`. */
  private holders: u32 = 0;
  /** Null when nobody waits any more. */
  private listener: DecisionListener | null = null;

  constructor(
    link: Link,
    outbox: Outbox,
    private readonly home: Pool<Ticket>,
  ) {
    this.question = new Peek(link, this.demand, this.decision, this);
    this.charge = new Charge(link, this.demand, outbox, this);
  }

  /** Begins with another request, whose stream holds it. */
  open(): void {
    this.holders = Holder.Stream;
    this.listener = null;
  }

  /**
   * Has the demand decided. To be called once.
   * @param listener hears of it, possibly before this returns, unless the ticket is closed before
   */
  peek(listener: DecisionListener): void {
    this.listener = listener;
    this.holders |= Holder.Peek;
    this.question.begin();
  }

  /** Hears what the counters hold once the charge is made; forgotten then. */
  set spending(spending: Spending) {
    this.charge.spending = spending;
  }

  /**
   * Charges tokens to all that is asked for, and closes the ticket. To be called once, instead of `close`.
   * @param tokens what the request has consumed; if that is nothing, nothing is charged
   * @param name what its answer is known by, if it can be fetched again: whoever charges it first charges it for all. It may
   * be unknown
   * @param isNew whether the answer has just been made: then it is charged in any case, since its name may come from the
   * caller, and named afterwards, so that whoever fetches it is not charged for it
   */
  settle(tokens: i64, name: AnswerName, isNew: bool): void {
    if (tokens <= 0) return this.close();
    this.holders |= Holder.Charge;
    if (isNew) this.charge.beginNew(tokens, name.high, name.low);
    else this.charge.begin(tokens, name.high, name.low);
    this.close();
  }

  /** The stream has no business any more: nobody waits for a decision. */
  close(): void {
    this.listener = null;
    this.release(Holder.Stream);
  }

  onPeeked(): void {
    const listener = this.listener;
    this.listener = null;
    if (listener !== null) listener.onDecided(this.decision);
    this.release(Holder.Peek);
  }

  onCharged(charge: Charge): void {
    charge.spending = null;
    if (!charge.beginNext()) this.release(Holder.Charge);
  }

  /** Whoever lets go of it last gives it back. */
  private release(holder: Holder): void {
    if ((this.holders & holder) == 0) return;
    this.holders &= ~holder;
    if (this.holders != 0) return;
    if (this.demand.isLarge) discarded(this.demand.bytes);
    else this.home.put(this);
  }
}
