import { Pool } from "../../../assembly/abi/pool";
import { FixedWindow } from "../../../assembly/ledger/algorithms/fixed-window";
import { AnswerName } from "../../../assembly/ledger/answer-name";
import { Charge } from "../../../assembly/ledger/charge";
import { Decision, Outcome } from "../../../assembly/ledger/decision";
import { Ledger } from "../../../assembly/ledger/ledger";
import { ChargeCounter, Outbox } from "../../../assembly/ledger/outbox";
import { Outboxes } from "../../../assembly/ledger/outboxes";
import { ReadingListener } from "../../../assembly/ledger/peek";
import { Spending } from "../../../assembly/ledger/spending";
import { DecisionListener, Ticket } from "../../../assembly/ledger/ticket";
import { WaitingCharge, WaitingCharges } from "../../../assembly/ledger/waiting-charges";
import { FailureCounter, Link } from "../../../assembly/redis/link";
import { Failure } from "../../../assembly/redis/failure";
import { Answer, CAPACITY, FakeTransport, Sent, Witness } from "./fake-redis.harness";
import { choose, did, expect, May, may } from "./paths.harness";

/** The clock of the host, in milliseconds since the epoch. */
export let nowMs: i64 = 0;

/** Stands for a stream, or for a part of a connection. */
export class Stream implements DecisionListener, ReadingListener {
  /** Whether it holds its ticket. */
  holds: bool = true;
  hasAsked: bool = false;
  isAnswered: bool = false;
  /** Whether it may still be answered: it has not closed. */
  awaits: bool = false;
  /** How many counters it has been told of. */
  private readings: i32 = 0;

  constructor(
    readonly world: World,
    readonly index: i32,
    readonly ticket: Ticket,
    /** The letter that its counters begin with, less 65. */
    readonly owner: i32,
  ) {}

  peek(): void {
    did("peek", this.index);
    this.hasAsked = this.awaits = true;
    this.ticket.peek(this, this.wantsReadings ? this : null);
  }

  /** Every other stream wants to know what its counters hold. */
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
    this.world.settled |= tokens;
    this.holds = this.awaits = false;
    this.ticket.settle(tokens, NAME, isNew);
  }

  get tokens(): i64 {
    return 1 << this.index;
  }

  onReading(row: i32, _value: i64, _remainingMs: i64): void {
    expect(this.awaits && !this.isAnswered, "a stream is told of counters that does not wait");
    expect(this.wantsReadings, "a stream is told of counters that has not asked for them");
    expect(ownerOf(this.ticket) == this.owner, "a stream is told of counters of another one");
    expect(row == this.readings++, "a stream is not told of each counter once, in order");
  }

  onDecided(decision: Decision): void {
    did("  decided", this.index);
    const isTold = this.wantsReadings && decision.outcome != Outcome.Unknown;
    const told = isTold ? this.ticket.demand.length : 0;
    expect(this.readings == told, "a stream is decided on that was not told of all its counters");
    expect(this.awaits && !this.isAnswered, "a stream is answered that does not wait");
    expect(decision.outcome == this.world.transport.expected, "a stream hears another answer than was given");
    expect(ownerOf(this.ticket) == this.owner, "a stream is answered by a ticket that another one uses");
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
      this.world.open().peek();
    }
  }
}

export const NAME = new AnswerName();

function ownerOf(ticket: Ticket): i32 {
  return load<u8>(ticket.demand.key(0)) - 65;
}

// What they keep to themselves, for the checks.
function holdersOf(ticket: Ticket): u32 {
  return load<u32>(changetype<usize>(ticket), offsetof<Ticket>("holders"));
}
function chargeOf(ticket: Ticket): Charge {
  return changetype<Charge>(load<usize>(changetype<usize>(ticket), offsetof<Ticket>("charge")));
}
function peekOf(ticket: Ticket): usize {
  return load<usize>(changetype<usize>(ticket), offsetof<Ticket>("question"));
}
function idleIn<T>(pool: usize): T[] {
  return changetype<T[]>(load<usize>(pool, offsetof<Pool<T>>("idle")));
}

/** A ledger, and all who have to do with it. */
export class World implements ChargeCounter, FailureCounter, Witness {
  readonly transport!: FakeTransport;
  readonly link!: Link;
  readonly outboxes: Outboxes = new Outboxes();
  readonly outbox!: Outbox;
  readonly ledger!: Ledger;
  readonly streams: Stream[] = [];
  /** All tickets that were made, without the large ones that were dropped. */
  readonly tickets: Ticket[] = [];
  /** The tokens that were settled, counted and lost: a bit for each stream. */
  settled: i64 = 0;
  counted: i64 = 0;
  forfeited: i64 = 0;

  constructor(readonly mostStreams: i32) {
    nowMs = 1_700_000_000_000;
    this.transport = new FakeTransport(this);
    this.link = new Link(this.transport, this);
    const algorithm = new FixedWindow();
    this.outbox = new Outbox(this.outboxes, this.link, algorithm, this);
    this.ledger = new Ledger(this.link, algorithm, this.outbox);
    if (may(May.Down)) this.link.breaker.fails(this.outboxes.nowMs());
  }

  charged(tokens: i64): void {
    expect((this.counted & tokens) == 0, "tokens are counted twice");
    expect((this.forfeited & tokens) == 0, "tokens are counted that were given up as lost");
    this.counted |= tokens;
  }

  lost(tokens: i64): void {
    expect((this.forfeited & tokens) == 0, "tokens are lost twice");
    expect((this.counted & tokens) == 0, "tokens are given up as lost that were counted");
    this.forfeited |= tokens;
  }

  redisFailure(_failure: Failure): void {}

  /** A command is sent: its ticket must be that of the streams whose counters it names. */
  sending(sent: Sent): void {
    for (let i = 0; i < this.tickets.length; ++i) {
      const ticket = this.tickets[i];
      const isIts = changetype<usize>(sent.handler) == peekOf(ticket) || sent.handler === chargeOf(ticket);
      if (isIts) expect(ownerOf(ticket) == sent.owner && holdersOf(ticket) != 0, "a free ticket sends");
    }
  }

  get canOpen(): bool {
    return this.streams.length < this.mostStreams;
  }

  open(like: Stream | null = null, rows: i32 = 1): Stream {
    const index = this.streams.length;
    did(like === null ? "open" : "open like another", index);
    const ticket = like !== null ? this.ledger.openLike(like.ticket) : this.ledger.open();
    for (let i = 0; i < index; ++i) {
      expect(!this.streams[i].holds || this.streams[i].ticket !== ticket, "a ticket is given to two");
    }
    if (!this.tickets.includes(ticket)) this.tickets.push(ticket);
    if (like === null) {
      const demand = ticket.demand;
      demand.clear();
      for (let i = 0; i < rows; ++i) {
        demand.nextKey.byte(<u8>(65 + index)).decimal(i);
        demand.add(60, CAPACITY);
      }
      demand.keep();
    } else {
      ticket.spending = new Spending();
    }
    const stream = new Stream(this, index, ticket, like !== null ? like.owner : index);
    this.streams.push(stream);
    return stream;
  }

  tick(milliseconds: i32): void {
    did("tick", milliseconds);
    nowMs += milliseconds;
    this.outboxes.tick();
  }

  get waiting(): WaitingCharges {
    return changetype<WaitingCharges>(
      load<usize>(changetype<usize>(this.outbox), offsetof<Outbox>("waiting")),
    );
  }

  /** Between callbacks: who holds what, and where each token is. */
  check(): void {
    this.checkTickets();
    this.checkTokens();
  }

  private checkTickets(): void {
    const unanswered = this.transport.unanswered;
    const idle = idleIn<Ticket>(load<usize>(changetype<usize>(this.ledger), offsetof<Ledger>("idle")));
    let held = 0;
    for (let i = this.tickets.length - 1; i >= 0; --i) {
      const ticket = this.tickets[i];
      let holders: u32 = 0;
      for (let s = 0; s < this.streams.length; ++s) {
        const stream = this.streams[s];
        if (!stream.holds || stream.ticket !== ticket) continue;
        expect((holders & 1) == 0, "two streams hold a ticket");
        expect(ownerOf(ticket) == stream.owner, "a ticket does not have the counters of its stream");
        holders |= 1;
      }
      for (let u = 0; u < unanswered.length; ++u) {
        const handler = changetype<usize>(unanswered[u].handler);
        if (handler == peekOf(ticket)) holders |= 2;
        if (handler == changetype<usize>(chargeOf(ticket))) holders |= 4;
      }
      expect(holdersOf(ticket) == holders, "a ticket is wrong about its holders");
      const place = idle.indexOf(ticket);
      if (holders != 0) {
        ++held;
        expect(place < 0, "a ticket is in the pool that somebody holds");
      } else if (ticket.demand.isLarge) {
        expect(place < 0, "a large ticket is kept");
        this.tickets.splice(i, 1);
      } else {
        expect(place >= 0, "a ticket is lost");
        expect(chargeOf(ticket).spending === null, "a free ticket would tell a connection of a charge");
      }
    }
    expect(this.tickets.length == idle.length + held, "a ticket is in the pool twice");
  }

  private checkTokens(): void {
    let here: i64 = 0;
    const unanswered = this.transport.unanswered;
    for (let i = 0; i < unanswered.length; ++i) {
      expect((here & unanswered[i].tokens) == 0, "tokens are on their way twice");
      here |= unanswered[i].tokens;
    }
    let at = this.waiting.first;
    while (at !== null) {
      expect((here & at.tokens) == 0, "tokens wait twice, or while they are on their way");
      here |= at.tokens;
      at = at.next != 0 ? changetype<WaitingCharge>(at.next) : null;
    }
    const done = this.counted | this.forfeited;
    expect((here & done) == 0, "tokens are still to be charged that were counted or lost");
    expect(
      (here | done | this.transport.forgiven) == this.settled,
      "tokens of a settlement are nowhere, or out of nowhere",
    );
    for (let i = 0; i < 16; ++i) expect(this.transport.counted[i] <= 1, "Redis has counted tokens twice");
  }

  /** Everybody goes home: all streams close, all commands are answered, and what waits is tried again. */
  finish(): void {
    did("end");
    for (let i = 0; i < this.streams.length; ++i) if (this.streams[i].holds) this.streams[i].close();
    this.check();
    for (let round = 0; round < 12; ++round) {
      while (this.transport.unanswered.length > 0) {
        this.transport.deliver(0, Answer.Good);
        this.check();
      }
      if (this.waiting.isEmpty) break;
      this.tick(16_000);
      this.check();
    }
    for (let i = 0; i < this.tickets.length; ++i)
      expect(holdersOf(this.tickets[i]) == 0, "a ticket is held for ever");
    expect(this.waiting.isEmpty, "a charge waits for ever");
    expect((this.counted | this.forfeited | this.transport.forgiven) == this.settled, "tokens are forgotten");
    expect(this.outboxes.room.bytes == 0, "memory of a charge that waited is lost");
    this.tick(500);
    expect(this.outboxes.finish(), "the root context waits for a charge that there is not");
    for (let i = 0; i < this.streams.length; ++i) {
      const stream = this.streams[i];
      expect(!stream.awaits, "a stream waits for an answer for ever");
    }
  }
}
