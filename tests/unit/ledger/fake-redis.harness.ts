import { CalloutHandler } from "../../../assembly/abi/callouts";
import { Bytes, bytesOf } from "../../../assembly/bytes/bytes";
import { parseInteger } from "../../../assembly/bytes/decimal";
import { Outcome } from "../../../assembly/ledger/decision";
import { bytesAt, Command, nextTo, sizeAt } from "../../../assembly/redis/command";
import { ReplyKind } from "../../../assembly/redis/reply";
import { Failure } from "../../../assembly/redis/failure";
import { Transport } from "../../../assembly/redis/transport";
import { choose, did, expect, May, may } from "./paths.harness";

/** How a command is answered. Those up to `Lost` are told as they stand; what Redis did is up to `Executed`. */
export const enum Answer {
  /** What Redis says after it has carried the command out. */
  Good,
  /** It was not carried out, and nobody says so. */
  Lost,
  /** It was carried out, and nobody says so. */
  LostAfter,
  /** Of a peek: the counter is above its limit. */
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
const OOM = bytesOf("OOM command not allowed");
const ERR = bytesOf("ERR something");
const NOSCRIPT = bytesOf("NOSCRIPT No matching script");
/** A command that waits for its answer. */
export class Sent {
  number: i64 = 0;
  isCharge: bool = false;
  isEval: bool = false;
  /** Whether the charge is named by its answer. */
  isAnswer: bool = false;
  marker: u64 = 0;
  tokens: i64 = 0;
  counters: i32 = 0;
  /** By which streams know their counters. */
  owner: i32 = 0;

  constructor(readonly handler: CalloutHandler) {}
}

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
    if (!may(May.Inside)) {
      this.unanswered.push(sent);
      return Failure.None;
    }
    const choice = choose(4);
    if (choice == 1) {
      did("  refused to send");
      this.expected = Outcome.Unknown;
      return Failure.NotSent;
    }
    this.unanswered.push(sent);
    if (choice == 2) this.deliver(this.unanswered.length - 1, Answer.Good);
    if (choice == 3) this.deliver(this.unanswered.length - 1, sent.isCharge ? Answer.Lost : Answer.Denied);
    return Failure.None;
  }

  deliver(index: i32, answer: Answer): void {
    const sent = this.unanswered[index];
    this.unanswered.splice(index, 1);
    this.sent = sent;
    this.answer = answer;
    did(sent.isCharge ? "  reply to charge of" : "  reply to peek of", sent.owner);
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
    if (answer == Answer.Lost) return Failure.Network;
    if (answer == Answer.Refusal || answer == Answer.Error || answer == Answer.NoScript) {
      reply.begin(ReplyKind.Error);
      reply.error = answer == Answer.Refusal ? OOM : answer == Answer.Error ? ERR : NOSCRIPT;
      return Failure.ErrorReply;
    }
    reply.begin(ReplyKind.Array);
    if (answer == Answer.Garbage) {
      for (let i = 0; i < 5; ++i) reply.add(ReplyKind.Integer, 1);
    } else if (sent.isCharge) {
      this.execute(sent, answer);
    } else {
      for (let i = 0; i < sent.counters; ++i) {
        reply.add(ReplyKind.Bulk, answer == Answer.Denied ? CAPACITY + 1 : 1);
        reply.add(ReplyKind.Integer, 1000);
      }
    }
    if (answer == Answer.LostAfter) return Failure.Network;
    reply.add(ReplyKind.Bulk, answer == Answer.Alien ? sent.number + 1_000_000 : sent.number);
    return Failure.None;
  }

  /** What the script does. */
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

/** Reads a command as Redis does. */
function read(command: Command, handler: CalloutHandler): Sent {
  const sent = new Sent(handler);
  let at = command.first;
  sent.owner = load<u8>(bytesAt(at)) - 65;
  for (let i = 0; i < command.length; ++i, at = nextTo(at)) {
    if (i == 1 && command.keys > 1 && load<u8>(bytesAt(at)) == 104) {
      sent.isCharge = true;
      sent.isAnswer = load<u8>(bytesAt(at) + 24) == 97;
      for (let j = 0; j < sizeAt(at); ++j) sent.marker = sent.marker * 31 + load<u8>(bytesAt(at) + j);
    }
    if (i == command.length - 2) sent.tokens = parseInteger(bytesAt(at), sizeAt(at));
    if (i == command.length - 1) sent.number = parseInteger(bytesAt(at), sizeAt(at));
  }
  sent.counters = command.keys - (sent.isCharge ? 1 : 0);
  if (!sent.isCharge) sent.tokens = 0;
  return sent;
}
