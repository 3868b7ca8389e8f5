import { beginLine, logLine } from "../abi/log";
import { replaceHeader } from "../abi/headers";
import { setPropertyAt } from "../abi/properties";
import { nowMilliseconds } from "../abi/time";
import { HeaderMapType, LogLevel } from "../abi/types";
import { QUOTE } from "../bytes/ascii";
import { ByteBuilder } from "../bytes/builder";
import { addressOf, Bytes, bytesOf } from "../bytes/bytes";
import { Decision, Outcome } from "../ledger/decision";
import { appendLimitPath } from "../ledger/limit-path";
import { Ask } from "../ledger/reservation";
import { Ticket } from "../ledger/ticket";
import { isTraced } from "../ledger/trace";
import { failureName } from "../redis/failure";
import { DecisionRecord } from "../telemetry/decision-record";
import { Consumption } from "../usage/consumption";
import { Voices } from "./voices";

/** Access logs show it as `%FILTER_STATE(wasm.ai_token_ratelimit:PLAIN)%`. */
const PROPERTY = bytesOf("ai_token_ratelimit");

// Records are copied here to be sent.
const line = new ByteBuilder(512, 8 << 10);

/** A recording for the current stream's call, or null if nobody has asked for one. */
export function recordingFor(voices: Voices): Recording | null {
  const isAsked = voices.isAsked;
  return isAsked || voices.setsFilterState || isTraced() ? new Recording(voices, isAsked) : null;
}

/** Reports what became of one call to whoever has asked for it. If nobody has, the call has no recording. */
@final
export class Recording {
  private readonly record: DecisionRecord = new DecisionRecord();
  /** When Redis was asked. */
  private askedAtMs: i64 = 0;

  constructor(
    private readonly voices: Voices,
    /** Whether the client is to be told. */
    private readonly answers: bool,
  ) {}

  /** Redis is asked now. */
  asks(): void {
    this.askedAtMs = nowMilliseconds();
  }

  /** A request to which no limit applies. @param missing the path of the rule item that found nothing to look at, or "" */
  unmatched(missing: string): void {
    this.record.begin("unmatched");
    if (missing.length > 0) this.record.name("why").byte(QUOTE).text(missing).text(' is missing"');
    this.tell();
  }

  /** A request that gets an error, whatever its limits. @param details that identify the answer in access logs */
  refused(details: Bytes): void {
    this.record.begin("refused");
    const why = addressOf(details);
    this.record.name("why").byte(QUOTE).at(why, details.byteLength).byte(QUOTE);
    this.tell();
  }

  /** A request that consumes nothing, so nobody decides about it. */
  free(ticket: Ticket): void {
    this.record.begin("free");
    this.record.counters(ticket.demand, this.voices.hash);
    this.tell();
  }

  /** @param ask what was to be reserved, or null */
  decided(outcome: string, ticket: Ticket, decision: Decision, ask: Ask | null): void {
    const record = this.record;
    record.begin(outcome);
    const isDenied = decision.outcome == Outcome.Deny;
    const row = isDenied ? decision.row : decision.shadowRow;
    if (row >= 0) {
      const rule = record.name("rule").byte(QUOTE);
      appendLimitPath(rule, ticket.demand, row);
      rule.byte(QUOTE);
      ticket.appendReason(record.name("why").byte(QUOTE), row).byte(QUOTE);
    } else if (decision.outcome == Outcome.Unknown) {
      record.name("why").text('"Redis: ').text(failureName(decision.failure)).byte(QUOTE);
    }
    record.counters(ticket.demand, this.voices.hash);
    if (ask !== null) {
      record.name("estimate").text('{"input":').decimal(ask.input);
      record
        .name("output")
        .decimal(isDenied ? ask.output : decision.granted)
        .text("}");
    }
    record.name("redis_ms").decimal(nowMilliseconds() - this.askedAtMs);
    this.tell();
  }

  /** The call has ended. @param charged weighted tokens */
  ended(consumed: Consumption, charged: i64): void {
    this.record.end(consumed, charged);
    this.tell();
  }

  /** Tells the client, in the headers of the current stream's response. */
  answer(): void {
    if (!this.answers) return;
    line.clear();
    this.record.appendTo(line);
    replaceHeader(HeaderMapType.HttpResponseHeaders, this.voices.header, line.toBytes());
  }

  private tell(): void {
    if (isTraced()) {
      beginLine(line);
      this.record.appendTo(line.text("decision "));
      logLine(LogLevel.Debug, line);
    }
    if (!this.voices.setsFilterState) return;
    line.clear();
    this.record.appendTo(line);
    setPropertyAt(PROPERTY, line.ptr, line.length);
  }
}
