import { ByteBuilder } from "../bytes/builder";
import { Command } from "../redis/command";
import { Link } from "../redis/link";
import { Reply } from "../redis/reply";
import { ScriptCall } from "../redis/script";
import { Failure } from "../redis/failure";
import { tokensAfterSettle, writeSettle } from "./algorithms/fixed-window";
import { Demand } from "./demand";
import { SETTLE } from "./lua/scripts";
import { appendMarkerKey, MarkerName } from "./marker";
import { Spending } from "./spending";
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
  deadlineMs: i64 = 0;
  /** How long that was after its begin, in milliseconds. */
  lifeMs: i64 = 0;
  /** When it began, and when it was named, by the sender's clock. */
  sinceMs: i64 = 0;
  namedAtMs: i64 = 0;
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
    link: Link,
    readonly demand: Demand,
    private readonly sender: ChargeSender,
    readonly owner: ChargeOwner,
  ) {
    super(link, SETTLE);
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

  /** Goes on as what has waited, whose counters are in `demand` already. */
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
  }

  /** Writes down what `resume` needs. */
  suspend(waiting: WaitingCharge): void {
    waiting.tokens = this.tokens;
    waiting.name = this.name;
    waiting.idHigh = this.idHigh;
    waiting.idLow = this.idLow;
    waiting.deadlineMs = this.deadlineMs;
    waiting.sinceMs = this.sinceMs;
    waiting.attempts = this.attempts;
    waiting.mayBeMade = this.mayBeMade;
  }

  /** Tells what the counters hold, of which the reply to a charge that was made speaks. */
  tell(reply: Reply): void {
    const spending = this.spending;
    const demand = this.demand;
    if (spending === null) return;
    for (let i = 0; i < demand.length; ++i) {
      spending.heard(tokensAfterSettle(reply, i), demand.capacity(i), demand.windowSeconds(i));
    }
  }

  /** Sends it; its sender hears of the end, possibly before this returns. */
  send(): void {
    this.attempts++;
    if (this.demand.overflowed) this.onResult(Failure.NotSent);
    else this.run(this.demand.length);
  }

  protected write(command: Command): void {
    const demand = this.demand;
    marker.clear();
    appendMarkerKey(marker, this.name, demand.key(0), demand.keySize(0), this.idHigh, this.idLow);
    writeSettle(command, demand, marker, this.deadlineMs, this.tokens);
  }

  protected onResult(failure: Failure): void {
    this.sender.onAnswered(this, failure);
  }
}
