import { discarded } from "../../abi/collector";
import { setEffectiveContext } from "../../abi/stream-control";
import { Status } from "../../abi/types";
import { ByteBuilder } from "../../bytes/builder";
import { addressOf, Bytes, bytesOf } from "../../bytes/bytes";
import { appendEscaped } from "../../json/escape";
import { countsRequests } from "../../ledger/counter-kind";
import { Decision, Outcome } from "../../ledger/decision";
import { Demand } from "../../ledger/demand";
import { appendLimitPath } from "../../ledger/limit-path";
import { appendReading } from "../../ledger/reading-text";
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
export class UsageQuery implements DecisionListener {
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
    if (ticket !== null) ticket.read(this, ticket.reservation.isOn);
  }

  /** Call this when the stream has ended: it is not answered any more. */
  close(): void {
    const ticket = this.ticket;
    this.ticket = null;
    if (ticket !== null) ticket.close();
  }

  /** Writes the window of a row. */
  private write(demand: Demand, row: i32): void {
    if (row > 0) body.text(",");
    const item = demand.item(row);
    body.text('{"rule":"');
    appendLimitPath(body, demand, row);
    body.text('","limit_by":"').bytes(item < 0 ? GLOBAL : nameOf(this.config.items[item].subject.by));
    if (countsRequests(demand.kind(row))) body.text('","unit":"requests');
    body.text('","window_seconds":').decimal(demand.windowSeconds(row));
    appendReading(body, demand, row);
    body.text("}");
  }

  /** Answers the stream, whether the caller is above a limit or not. */
  onDecided(decision: Decision): void {
    const ticket = this.ticket;
    if (ticket === null) return;
    let answer: Bytes | null = null;
    if (decision.outcome != Outcome.Unknown) {
      beginAnswer(this.config);
      for (let i = 0; i < ticket.demand.length; ++i) this.write(ticket.demand, i);
      answer = endAnswer();
    }
    this.close();
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
