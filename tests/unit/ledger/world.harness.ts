import { Limits } from "../../../assembly/ledger/algorithms/limits";
import { Outcome } from "../../../assembly/ledger/decision";
import { Demand } from "../../../assembly/ledger/demand";
import { Ledger } from "../../../assembly/ledger/ledger";
import { ChargeCounter, Outbox } from "../../../assembly/ledger/outbox";
import { Outboxes } from "../../../assembly/ledger/outboxes";
import { Spending } from "../../../assembly/ledger/spending";
import { Ticket } from "../../../assembly/ledger/ticket";
import { WaitingCharge, WaitingCharges } from "../../../assembly/ledger/waiting-charges";
import { Failure } from "../../../assembly/redis/failure";
import { FailureCounter, Link } from "../../../assembly/redis/link";
import { Reply } from "../../../assembly/redis/reply";
import { Answer, CAPACITY, FakeTransport, Witness } from "./fake-redis.harness";
import {
  chargeOf,
  holdersOf,
  holdOf,
  idleIn,
  isOf,
  isReservedBy,
  markerOf,
  owedBy,
  ownerOf,
  peekOf,
} from "./insides.harness";
import { did, expect, May, may } from "./paths.harness";
import { Kind, Sent } from "./sent.harness";
import { Stream, Surroundings } from "./stream.harness";

/** The clock of the host, in milliseconds since the epoch. */
export let nowMs: i64 = 0;

const SCRATCH = new Demand();
/** A ledger, and all who have to do with it. */
export class World implements ChargeCounter, FailureCounter, Witness, Surroundings {
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
  /** How many charges were given up; the holds for which there was one, and those for which there is none any more. */
  private losses: i32 = 0;
  private settling: u64[] = [];
  private abandoned: u64[] = [];

  constructor(readonly mostStreams: i32) {
    nowMs = 1_700_000_000_000;
    this.transport = new FakeTransport(this);
    this.link = new Link(this.transport, this);
    const algorithm = new Limits();
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
    ++this.losses;
    expect((this.forfeited & tokens) == 0, "tokens are lost twice");
    expect((this.counted & tokens) == 0, "tokens are given up as lost that were counted");
    this.forfeited |= tokens;
  }

  exceeded(_tokens: i64): void {}
  chargedLimits(_rule: ArrayBuffer, _demand: Demand, _reply: Reply, _tokens: i64): void {}
  reserved(_tokens: i64): void {}
  settledHold(_tokens: i64): void {}
  lapsed(_tokens: i64, _isCharged: bool): void {}
  redisTook(_milliseconds: i64): void {}
  redisFailure(_failure: Failure): void {}
  /** A command is sent: its ticket must be that of the streams whose counters it names. */
  sending(sent: Sent): void {
    this.checkKind(sent);
    for (let i = 0; i < this.tickets.length; ++i) {
      const ticket = this.tickets[i];
      if (!isOf(sent, ticket)) continue;
      expect(ownerOf(ticket) == sent.owner && holdersOf(ticket) != 0, "a free ticket sends");
    }
  }

  /** Only who has reserved settles a hold, and only who has named an answer charges under a name. */
  private checkKind(sent: Sent): void {
    let hasReserved = false;
    let isNamed = false;
    for (let i = 0; i < this.streams.length; ++i) {
      const stream = this.streams[i];
      if (stream.owner != sent.owner) continue;
      hasReserved = hasReserved || stream.hasReserved;
      isNamed = isNamed || stream.isNamed;
      const isForIt = sent.kind == Kind.HeldCharge && sent.tokens == stream.tokens;
      expect(!isForIt || !stream.isFetched, "an answer is charged that may have been charged before");
    }
    expect(!sent.isAnswer || isNamed, "an answer is named that nobody has named");
    if (sent.kind != Kind.HeldCharge) return;
    expect(hasReserved, "a hold is settled for a stream that has none");
    this.settling.push(sent.marker);
  }

  get canOpen(): bool {
    return this.streams.length < this.mostStreams;
  }

  get expected(): Outcome {
    return this.transport.expected;
  }

  openAnother(): Stream {
    return this.open();
  }

  settles(tokens: i64): void {
    this.settled |= tokens;
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
    this.checkHolds();
  }

  /** Each hold that Redis has is known to somebody who will settle it, unless its charge was given up. */
  private checkHolds(): void {
    const open = this.transport.open;
    for (let i = 0; i < open.length; ++i) {
      if (this.isKnown(open[i]) || this.abandoned.includes(open[i])) continue;
      expect(this.settling.includes(open[i]), "nobody has begun to settle a hold");
      this.abandoned.push(open[i]);
    }
    expect(this.abandoned.length <= this.losses, "nobody will settle a hold");
    for (let i = 0; i < this.tickets.length; ++i) {
      const hold = isReservedBy(this.tickets[i]) ? holdOf(this.tickets[i]) : null;
      expect(hold === null || hold.idHigh != 0, "a hold is named without the bits of this VM");
    }
  }

  private isKnown(marker: u64): bool {
    const unanswered = this.transport.unanswered;
    for (let i = 0; i < unanswered.length; ++i) if (unanswered[i].marker == marker) return true;
    for (let i = 0; i < this.tickets.length; ++i) {
      const ticket = this.tickets[i];
      const hold = holdOf(ticket);
      if (hold === null || holdersOf(ticket) == 0 || !isReservedBy(ticket)) continue;
      if (markerOf(ticket.demand, hold.idHigh, hold.idLow) == marker) return true;
    }
    for (let at = this.waiting.first; at !== null;) {
      this.waiting.unpack(at, SCRATCH);
      if (at.isHeld && markerOf(SCRATCH, at.idHigh, at.idLow) == marker) {
        this.settling.push(marker);
        return true;
      }
      at = at.next != 0 ? changetype<WaitingCharge>(at.next) : null;
    }
    return false;
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
        if (handler == peekOf(ticket) || handler == changetype<usize>(holdOf(ticket))) holders |= 2;
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
        expect(!isReservedBy(ticket), "a free ticket has something reserved");
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
    for (let i = 0; i < this.tickets.length; ++i) {
      const owed = owedBy(this.tickets[i]);
      expect(owed == 0 || holdersOf(this.tickets[i]) != 0, "a free ticket owes tokens");
      expect((here & owed) == 0, "tokens are owed that are on their way");
      here |= owed;
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
    this.transport.comeLate();
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
    const counted = this.counted & ~this.transport.forgiven;
    for (let i = 0; i < 16; ++i) {
      const isCounted = ((counted >> i) & 1) != 0;
      expect(!isCounted || this.transport.counted[i] == 1, "tokens pass for counted that Redis has not");
    }
    expect(this.outboxes.room.bytes == 0, "memory of a charge that waited is lost");
    this.tick(500);
    expect(this.outboxes.finish(), "the root context waits for a charge that there is not");
    for (let i = 0; i < this.streams.length; ++i) {
      const stream = this.streams[i];
      expect(!stream.awaits, "a stream waits for an answer for ever");
    }
  }
}
