import { ByteBuilder } from "../../bytes/builder";
import { Counters } from "../../ledger/counters";
import { appendMarkerKey, MarkerName } from "../../ledger/marker";
import { SETTLE } from "../../ledger/lua/scripts";
import { WaitingCharge } from "../../ledger/waiting-charges";
import { Command } from "../../redis/command";
import { Reply } from "../../redis/reply";
import { ScriptCall } from "../../redis/script";
import { Failure, Transport } from "../../redis/transport";
import { Spending } from "./spending";

// The marker's key, made anew for each command.
const marker = new ByteBuilder(64);

/** Sends charges, and resends those that failed. */
export interface ChargeSender {
  /** Sends a charge whose tokens and name are set, now or later. */
  begin(charge: Charge): void;
  /** An attempt has come to its end. */
  onAnswered(charge: Charge, failure: Failure): void;
}

/** Whose counters a charge looks at. */
export interface ChargeOwner {
  /** It was made, is lost, or goes on without this object. */
  onCharged(charge: Charge): void;
}

/** Adds tokens to the counters that a request was subject to. It outlives the stream. */
@final
export class Charge extends ScriptCall {
  tokens: i64 = 0;
  /** What its marker is named by: the answer that is charged, or, of 128 bits that nothing else has, the charge. */
  name: MarkerName = MarkerName.Charge;
  idHigh: u64 = 0;
  idLow: u64 = 0;
  /** Redis refuses it from then on, and forgets it, in milliseconds of Redis' clock. */
  deadline: i64 = 0;
  /** How long that was after its begin, in milliseconds. */
  lifeMs: i64 = 0;
  /** When it began, and when it was named, in milliseconds of the sender's clock. */
  since: i64 = 0;
  namedAt: i64 = 0;
  /** How often it was tried. */
  attempts: i32 = 0;
  /** How often it was named anew since it was sent, because Redis had refused its deadline. */
  renewals: i32 = 0;
  /** Whether it was sent and may have been made, although nobody knows. */
  mayBeMade: bool = false;
  /** What it was made of, if it has waited. */
  waiting: WaitingCharge | null = null;
  /** Hears what the counters hold once it is made; it may be set before, and is forgotten then. */
  spending: Spending | null = null;
  /** The name of the answer, when it is to be named after it has been charged. */
  private nextHigh: u64 = 0;
  private nextLow: u64 = 0;

  constructor(
    transport: Transport,
    readonly counters: Counters,
    private readonly sender: ChargeSender,
    readonly owner: ChargeOwner,
  ) {
    super(transport, SETTLE);
  }

  /**
   * Charges so many tokens, now or, if that fails, later. An answer that can be fetched again is charged once in a day, by
   * whoever charges it first, if it is named: by a hash of 128 bits, of which not all are 0, that is the same in all gateways.
   * Counters of different slots of a Redis Cluster are charged for it once each. Its marker takes some 150 bytes of Redis for
   * a day.
   */
  begin(tokens: i64, answerHigh: u64 = 0, answerLow: u64 = 0): void {
    this.tokens = tokens;
    this.name = (answerHigh | answerLow) != 0 ? MarkerName.Answer : MarkerName.Charge;
    this.idHigh = answerHigh;
    this.idLow = answerLow;
    this.attempts = 0;
    this.mayBeMade = false;
    this.sender.begin(this);
  }

  /**
   * Charges an answer that has just been made: in any case, for its name may come from the caller. It is named by
   * `beginNext`, so that whoever fetches it again is not charged for it; a name of 0 is none.
   */
  beginNew(tokens: i64, answerHigh: u64, answerLow: u64): void {
    this.nextHigh = answerHigh;
    this.nextLow = answerLow;
    this.begin(tokens);
  }

  /** Names the answer, if one is to be named: a charge of nothing. False if there is none. */
  beginNext(): bool {
    const high = this.nextHigh;
    const low = this.nextLow;
    if ((high | low) == 0) return false;
    this.nextHigh = 0;
    this.nextLow = 0;
    this.begin(0, high, low);
    return true;
  }

  /** Tells what the counters hold: it stands at the end of the reply to a charge that was made. */
  tell(reply: Reply): void {
    const spending = this.spending;
    const counters = this.counters;
    const from = reply.length - counters.length;
    if (spending === null || from < 0) return;
    for (let i = 0; i < counters.length; ++i) {
      spending.heard(reply.numberAt(from + i), counters.threshold(i), counters.window(i));
    }
  }

  /** Sends it; its sender hears of the end, possibly before this returns. */
  send(): void {
    this.attempts++;
    const counters = this.counters;
    const failure = counters.overflowed ? Failure.NotSent : this.start(counters.length);
    if (failure != Failure.None) this.onResult(failure);
  }

  protected write(command: Command): void {
    const counters = this.counters;
    const count = counters.length;
    marker.clear();
    appendMarkerKey(marker, this.name, counters.key(0), counters.keySize(0), this.idHigh, this.idLow);
    command.key(counters.key(0), counters.keySize(0));
    command.key(marker.ptr, marker.length);
    for (let i = 1; i < count; ++i) command.key(counters.key(i), counters.keySize(i));
    command.number(counters.window(0));
    command.number(this.deadline);
    for (let i = 1; i < count; ++i) command.number(counters.window(i));
    command.number(this.tokens);
  }

  protected onResult(failure: Failure): void {
    this.sender.onAnswered(this, failure);
  }
}
