import { discarded } from "../../abi/collector";
import { setEffectiveContext } from "../../abi/stream-control";
import { Status } from "../../abi/types";
import { ByteBuilder } from "../../bytes/builder";
import { addressOf, Bytes, bytesOf } from "../../bytes/bytes";
import { appendEscaped } from "../../json/escape";
import { Decision, Outcome } from "../../ledger/decision";
import { ReadingListener } from "../../ledger/readings";
import { DecisionListener, Ticket } from "../../ledger/ticket";
import { nameOf } from "../../rules/limit-by";
import { RateLimitConfig } from "./config";
import { answerUnavailable, answerUsage } from "./usage-answers";

/** The garbage of one query in bytes, about, without its answer. */
const QUERY_BYTES: u32 = 64;
/** A longer buffer is not kept for the next answer. */
const KEPT: i32 = 4096;
const GLOBAL = bytesOf("global_threshold");

/**
 * The answer. It is written within one callback, so all queries share it. Its size is bounded by the length of `rule_name` and
 * the number of rows that a demand may have.
 */
const body = new ByteBuilder(256, i32.MAX_VALUE);

/** A caller's request for the values of its own counters. It belongs to the stream of that request. */
@final
export class UsageQuery implements ReadingListener, DecisionListener {
  /**
   * @param stream the id of the stream to answer
   * @param ticket with the caller's demand; the query closes it
   */
  constructor(
    private readonly stream: u32,
    private readonly config: RateLimitConfig,
    private ticket: Ticket | null,
  ) {
    discarded(QUERY_BYTES);
  }

  /** Reads the counters with the script of a check, and answers the stream, possibly before this returns. */
  ask(): void {
    const ticket = this.ticket;
    if (ticket === null) return;
    if (ticket.reservation.isOn) ticket.peekHolds(this, this);
    else ticket.peek(this, this);
  }

  /** Call this when the stream has ended: it is not answered any more. */
  close(): void {
    const ticket = this.ticket;
    this.ticket = null;
    if (ticket !== null) ticket.close();
  }

  onReading(row: i32, value: i64, remainingMs: i64, held: i64): void {
    const ticket = this.ticket;
    if (ticket === null) return;
    const demand = ticket.demand;
    if (row == 0) beginAnswer(this.config);
    else body.text(",");
    const item = demand.item(row);
    const capacity = demand.capacity(row);
    const windowSeconds = demand.windowSeconds(row);
    // A counter that holds no number limits nobody.
    const used = max(value, 0);
    body.text('{"rule":"');
    demand.appendLimitPath(body, row);
    body.text('","limit_by":"').bytes(item < 0 ? GLOBAL : nameOf(this.config.items[item].subject.by));
    body.text('","window_seconds":').decimal(windowSeconds).text(',"limit":').decimal(capacity);
    body.text(',"used":').decimal(used).text(',"held":').decimal(held);
    body.text(',"remaining":').decimal(max(capacity - used - held, 0));
    body
      .text(',"reset_seconds":')
      .decimal(resetSeconds(used, remainingMs, windowSeconds))
      .text("}");
  }

  /** Answers the stream, whether the caller is above a limit or not. */
  onDecided(decision: Decision): void {
    const isKnown = decision.outcome != Outcome.Unknown;
    this.close();
    const answer = isKnown ? endAnswer() : null;
    if (setEffectiveContext(this.stream) != Status.Ok) return;
    if (answer !== null) answerUsage(answer);
    else answerUnavailable();
  }
}

/** The answer for a caller to whom no rule applies: no windows. */
export function emptyUsage(config: RateLimitConfig): Bytes {
  beginAnswer(config);
  return endAnswer();
}

function beginAnswer(config: RateLimitConfig): void {
  const name = config.ruleName;
  body.clear();
  body.text('{"rule_name":"');
  appendEscaped(body, addressOf(name), name.byteLength);
  body.text('","windows":[');
}

function endAnswer(): Bytes {
  const answer = body.text("]}").toBytes();
  discarded(answer.byteLength);
  if (body.length > KEPT) body.reset(256);
  return answer;
}

/** Whole seconds until a window ends, rounded up; 0 if it has not begun, because nothing has been used. */
function resetSeconds(used: i64, remainingMs: i64, windowSeconds: i32): i64 {
  if (remainingMs < 0) return used > 0 ? windowSeconds : 0;
  return max((remainingMs + 999) / 1000, 1);
}
