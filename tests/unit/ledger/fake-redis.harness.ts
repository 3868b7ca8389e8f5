import { CalloutHandler } from "../../../assembly/abi/callouts";
import { Bytes, bytesOf } from "../../../assembly/bytes/bytes";
import { Outcome } from "../../../assembly/ledger/decision";
import { Command } from "../../../assembly/redis/command";
import { ReplyKind } from "../../../assembly/redis/reply";
import { Failure } from "../../../assembly/redis/failure";
import { Transport } from "../../../assembly/redis/transport";
import { choose, did, expect, May, may } from "./paths.harness";
import { INPUT, Kind, LEAST, nameOf, read, Sent } from "./sent.harness";

/** How a command is answered. Those up to `Lost` are told as they stand; what Redis did is up to `Executed`. */
export const enum Answer {
  /** What Redis says after it has carried the command out. */
  Good,
  /** It was not carried out, and nobody says so. */
  Lost,
  /** It was carried out, and nobody says so. */
  LostAfter,
  /** Of a hold: nobody says so, and it is carried out only when everybody has gone home. */
  LostUntilLate,
  /** Of a peek or a hold: the counter has no room. */
  Denied,
  /** An error that says that nothing was done, and one that does not. */
  Refusal,
  Error,
  /** The right number behind the wrong elements. */
  Garbage,
  /** The reply to another command. */
  Alien,
  /** Redis does not know the script. */
  NoScript,
  /** Of a charge. */
  TooLate,
  Partly,
}

export const FEW_PEEK: Answer[] = [Answer.Good, Answer.Denied, Answer.Lost];
export const FEW_CHARGE: Answer[] = [Answer.Good, Answer.LostAfter];
export const ALL_PEEK: Answer[] = [
  Answer.Good,
  Answer.Denied,
  Answer.Lost,
  Answer.Error,
  Answer.Garbage,
  Answer.Alien,
  Answer.NoScript,
];
export const FEW_HOLD: Answer[] = [Answer.Good, Answer.Denied, Answer.LostAfter, Answer.LostUntilLate];
export const ALL_HOLD: Answer[] = [
  Answer.Good,
  Answer.Denied,
  Answer.Lost,
  Answer.LostAfter,
  Answer.LostUntilLate,
  Answer.Refusal,
  Answer.Error,
  Answer.Garbage,
  Answer.Alien,
  Answer.NoScript,
];
export const ALL_CHARGE: Answer[] = [
  Answer.Good,
  Answer.Lost,
  Answer.LostAfter,
  Answer.Refusal,
  Answer.Error,
  Answer.Garbage,
  Answer.Alien,
  Answer.NoScript,
  Answer.TooLate,
  Answer.Partly,
];

/** What a window of each counter allows, in tokens. */
export const CAPACITY: i64 = 10;
/** What counters hold when a call is admitted, or, for a hold, in any case. */
export const USED: i64 = CAPACITY - 1;
/** By how much Redis corrects the estimate of the input. */
const CORRECTION: i64 = 1;
/** When each hold lapses, and how much it holds. */
const LAPSES_AT: i64 = 1_700_000_060_000;
export const HELD: i64 = INPUT + CORRECTION + LEAST;
const OOM = bytesOf("OOM command not allowed");
const ERR = bytesOf("ERR something");
const NOSCRIPT = bytesOf("NOSCRIPT No matching script");

/** Who looks at what is sent. */
export interface Witness {
  sending(sent: Sent): void;
}

/** Redis, and the way to it. */
export class FakeTransport extends Transport {
  readonly unanswered: Sent[] = [];
  private markers: u64[] = [];
  private owners: i64[] = [];
  /** How often Redis has counted the tokens of each settlement, a bit each. */
  readonly counted: StaticArray<i32> = new StaticArray<i32>(16);
  /** Settlements that Redis did not count because their answer had been charged. */
  forgiven: i64 = 0;
  /** The markers of the holds that Redis has, of those of which it has told, of those it has refused, and of those that will come late. */
  readonly open: u64[] = [];
  private told: u64[] = [];
  private denied: u64[] = [];
  private late: u64[] = [];
  /** Of the reply that is delivered. */
  private sent: Sent | null = null;
  private answer: Answer = Answer.Good;
  /** What the stream must hear that is answered next. */
  expected: Outcome = Outcome.Unknown;

  constructor(private readonly witness: Witness) {
    super(1_000);
  }

  send(verb: Bytes, script: Bytes, command: Command, handler: CalloutHandler): Failure {
    for (let i = 0; i < this.unanswered.length; ++i) {
      expect(this.unanswered[i].handler !== handler, "is asked again before it was answered");
    }
    const sent = read(command, handler);
    sent.isEval = verb.byteLength == 4;
    this.witness.sending(sent);
    if (sent.kind == Kind.HeldCharge)
      expect(!this.denied.includes(sent.marker), "what was denied is settled");
    if (!may(May.Inside)) {
      this.unanswered.push(sent);
      return Failure.None;
    }
    const choice = choose(sent.kind == Kind.Hold ? 5 : 4);
    if (choice == 1) {
      did("  refused to send");
      this.expected = Outcome.Unknown;
      return Failure.NotSent;
    }
    this.unanswered.push(sent);
    if (choice == 2) this.deliver(this.unanswered.length - 1, Answer.Good);
    if (choice == 3) this.deliver(this.unanswered.length - 1, sent.isCharge ? Answer.Lost : Answer.Denied);
    if (choice == 4) this.deliver(this.unanswered.length - 1, Answer.LostAfter);
    return Failure.None;
  }

  deliver(index: i32, answer: Answer): void {
    const sent = this.unanswered[index];
    this.unanswered.splice(index, 1);
    this.sent = sent;
    this.answer = answer;
    did("  reply to " + nameOf(sent.kind) + " of", sent.owner);
    did("    kind", answer);
    this.expected =
      answer == Answer.Good ? Outcome.Admit : answer == Answer.Denied ? Outcome.Deny : Outcome.Unknown;
    sent.handler.onReply(0, 0);
  }

  receive(_status: u32, _size: u32): Failure {
    const sent = this.sent;
    this.sent = null;
    if (sent === null) return Failure.Malformed;
    const answer = this.answer;
    const reply = this.reply;
    if (sent.kind == Kind.Hold && (answer == Answer.Denied || answer == Answer.Refusal))
      this.denied.push(sent.marker);
    if (answer == Answer.LostUntilLate) this.late.push(sent.marker);
    // An error that does not say that nothing was done: a proxy may have lost the reply.
    if (sent.kind == Kind.Hold && answer == Answer.Error) this.hold(sent.marker);
    if (answer == Answer.Lost || answer == Answer.LostUntilLate) return Failure.Network;
    if (answer == Answer.Refusal || answer == Answer.Error || answer == Answer.NoScript) {
      reply.begin(ReplyKind.Error);
      reply.error = answer == Answer.Refusal ? OOM : answer == Answer.Error ? ERR : NOSCRIPT;
      return Failure.ErrorReply;
    }
    reply.begin(ReplyKind.Array);
    if (answer == Answer.Garbage) {
      if (sent.kind == Kind.Hold) this.hold(sent.marker);
      for (let i = 0; i < 5; ++i) reply.add(ReplyKind.Integer, 1);
    } else if (sent.kind == Kind.Hold) {
      this.reserve(sent, answer);
    } else if (sent.isCharge) {
      this.execute(sent, answer);
    } else {
      for (let i = 0; i < sent.counters; ++i) {
        reply.add(ReplyKind.Bulk, answer == Answer.Denied ? CAPACITY + 1 : USED);
        reply.add(ReplyKind.Integer, 1000);
      }
    }
    if (answer == Answer.LostAfter) return Failure.Network;
    reply.add(ReplyKind.Bulk, answer == Answer.Alien ? sent.number + 1_000_000 : sent.number);
    return Failure.None;
  }

  /** Carries out what was lost on its way so far. */
  comeLate(): void {
    while (this.late.length > 0) this.hold(this.late.pop());
  }

  /** Takes a hold, unless it was settled before. */
  private hold(marker: u64): bool {
    if (this.markers.includes(marker)) return false;
    expect(!this.open.includes(marker), "two holds have one name");
    this.open.push(marker);
    return true;
  }

  /** What the script for holds does. */
  private reserve(sent: Sent, answer: Answer): void {
    const reply = this.reply;
    const isMade = answer != Answer.Denied && this.hold(sent.marker);
    if (answer == Answer.Denied || (isMade && sent.wantsReadings)) {
      for (let i = 0; i < sent.counters; ++i) {
        reply.add(ReplyKind.Bulk, USED);
        reply.add(ReplyKind.Integer, 1000);
        reply.add(ReplyKind.Integer, 0);
      }
    }
    if (isMade) {
      if (answer == Answer.Good) this.told.push(sent.marker);
      reply.add(ReplyKind.Integer, LEAST);
      reply.add(ReplyKind.Integer, LAPSES_AT);
      reply.add(ReplyKind.Integer, CORRECTION);
      reply.add(ReplyKind.Bulk, i64.MIN_VALUE);
    }
  }

  /** Ends a hold. */
  private end(sent: Sent): void {
    const isTold = this.told.includes(sent.marker);
    expect(sent.lapsesAtMs == (isTold ? LAPSES_AT : 0), "a settlement is wrong about when its hold lapses");
    expect(sent.held == (isTold ? HELD : 0), "a settlement is wrong about what is held");
    const at = this.open.indexOf(sent.marker);
    if (at >= 0) this.open.splice(at, 1);
  }

  /** What the scripts for charges do. */
  private execute(sent: Sent, answer: Answer): void {
    const reply = this.reply;
    if (answer == Answer.TooLate) {
      reply.add(ReplyKind.Integer, -2);
      return;
    }
    const at = this.markers.indexOf(sent.marker);
    if (at >= 0) {
      if (sent.isAnswer && this.owners[at] != sent.tokens) this.forgiven |= sent.tokens;
      return;
    }
    if (sent.kind == Kind.HeldCharge) this.end(sent);
    this.markers.push(sent.marker);
    this.owners.push(sent.tokens);
    for (let i = 0; i < 16; ++i) if ((sent.tokens >> i) & 1) ++this.counted[i];
    reply.add(ReplyKind.Integer, 100_000);
    for (let i = 0; i < sent.counters; ++i) {
      const fails = answer == Answer.Partly && i == 0;
      reply.add(fails ? ReplyKind.Error : ReplyKind.Integer, fails ? i64.MIN_VALUE : sent.tokens);
    }
  }

  reconnect(): bool {
    return false;
  }

  name(): string {
    return "redis";
  }
}
