import { AnswerName } from "../../../assembly/ledger/answer-name";
import { Decision, Outcome } from "../../../assembly/ledger/decision";
import { Reservation, ReservationMode } from "../../../assembly/ledger/reservation";
import { DecisionListener, Ticket } from "../../../assembly/ledger/ticket";
import { CAPACITY, HELD, USED } from "./fake-redis.harness";
import { ownerOf } from "./insides.harness";
import { choose, did, expect, May, may } from "./paths.harness";
import { INPUT, LEAST, OUTPUT } from "./sent.harness";

export const NAME = new AnswerName();
const RESERVATION = new Reservation(ReservationMode.Estimate, 60, true);

/** What a stream needs of the world. */
export interface Surroundings {
  readonly canOpen: bool;
  /** What the stream must hear that is answered next. */
  readonly expected: Outcome;
  /** Another stream comes. */
  openAnother(): Stream;
  /** A stream settles, with these tokens. */
  settles(tokens: i64): void;
}

/** Stands for a stream, or for a part of a connection. */
export class Stream implements DecisionListener {
  /** Whether it holds its ticket. */
  holds: bool = true;
  hasAsked: bool = false;
  hasReserved: bool = false;
  /** Whether it has settled with the name of an answer, and whether that was fetched. */
  isNamed: bool = false;
  isFetched: bool = false;
  isAnswered: bool = false;
  /** Whether it may still be answered: it has not closed. */
  awaits: bool = false;

  constructor(
    readonly world: Surroundings,
    readonly index: i32,
    readonly ticket: Ticket,
    /** The letter that its counters begin with, less 65. */
    readonly owner: i32,
  ) {}

  peek(): void {
    did("peek", this.index);
    this.hasAsked = this.awaits = true;
    this.ticket.peek(this);
  }

  reserve(): void {
    did("reserve", this.index);
    this.hasAsked = this.awaits = this.hasReserved = true;
    const ask = this.ticket.ask;
    ask.input = INPUT;
    ask.output = OUTPUT;
    ask.least = LEAST;
    this.ticket.reservation = RESERVATION;
    this.ticket.wantsReadings = this.wantsReadings;
    this.ticket.reserve(this);
  }

  /** Asks as the other does. */
  askLike(other: Stream): void {
    if (other.hasReserved) this.reserve();
    else this.peek();
  }

  /** Every other stream that reserves wants to know what its counters hold. */
  private get wantsReadings(): bool {
    return (this.index & 1) == 0;
  }

  close(): void {
    did("close", this.index);
    this.holds = this.awaits = false;
    this.ticket.close();
  }

  settle(tokens: i64, name: u64 = 0, isNew: bool = false): void {
    did(name == 0 ? "settle" : isNew ? "settle new" : "settle fetched", this.index);
    NAME.high = NAME.low = name;
    this.isNamed = name != 0;
    this.isFetched = this.isNamed && !isNew;
    this.world.settles(tokens);
    this.holds = this.awaits = false;
    this.ticket.settle(tokens, NAME, isNew);
  }

  /** What was read for the decision is in the demand. */
  private expectReadings(isAdmitted: bool): void {
    const demand = this.ticket.demand;
    const isRead = !this.hasReserved || !isAdmitted || this.wantsReadings;
    const used = isAdmitted || this.hasReserved ? USED : CAPACITY + 1;
    const held = isAdmitted && this.hasReserved ? HELD : 0;
    for (let i = 0; i < demand.length && isRead; ++i) {
      const isRight = demand.used(i) == used && demand.held(i) == held && demand.leftMs(i) == 1000;
      expect(isRight, "a stream does not read its counters");
    }
  }

  get tokens(): i64 {
    return 1 << this.index;
  }

  onDecided(decision: Decision): void {
    did("  decided", this.index);
    const isAdmitted = decision.outcome == Outcome.Admit;
    if (isAdmitted || decision.outcome == Outcome.Deny) this.expectReadings(isAdmitted);
    expect(this.awaits && !this.isAnswered, "a stream is answered that does not wait");
    expect(decision.outcome == this.world.expected, "a stream hears another answer than was given");
    expect(ownerOf(this.ticket) == this.owner, "a stream is answered by a ticket that another one uses");
    const granted = this.hasReserved && decision.outcome == Outcome.Admit ? LEAST : 0;
    expect(decision.granted == granted, "a stream is told of another output than was reserved");
    this.isAnswered = true;
    this.awaits = false;
    if (!may(May.Listen)) {
      if (decision.outcome == Outcome.Deny) this.close();
      return;
    }
    const choice = choose(this.world.canOpen ? 4 : 3);
    if (choice == 1) this.close();
    if (choice == 2) this.settle(this.tokens);
    if (choice == 3) {
      this.close();
      this.world.openAnother().askLike(this);
    }
  }
}
