import { MINUS, QUOTE } from "../bytes/ascii";
import { HeaderSink } from "../abi/headers";
import { ByteBuilder } from "../bytes/builder";
import { Bytes, bytesOf } from "../bytes/bytes";
import { appendDuration, appendTime } from "../bytes/time";
import { Unit, UNITS } from "../ledger/counter-kind";
import { Demand } from "../ledger/demand";
import { appendLimitPath } from "../ledger/limit-path";
import { tightestOf } from "../ledger/tightest";
import { Format } from "./formats";

/** Which headers tell callers what is left of their limits (`limit_headers`). */
export const enum LimitHeaders {
  None,
  /** Those of the API that the request calls, and the standard ones if that has none. */
  Auto,
  OpenAI,
  Anthropic,
  /** The draft of a standard: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers */
  Ietf,
}

/** Their names in configurations, by `LimitHeaders`. */
export const LIMIT_HEADERS: string[] = ["none", "auto", "openai", "anthropic", "ietf"];

const OPENAI = bytesOf("x-ratelimit");
const ANTHROPIC = bytesOf("anthropic-ratelimit");
const PARTS: Bytes[] = [bytesOf("limit"), bytesOf("remaining"), bytesOf("reset")];
const POLICY = bytesOf("ratelimit-policy");
const LIMIT = bytesOf("ratelimit");
/** The units in the standard, by `Unit`: without one, it is requests. Tokens are no registered unit. */
const STANDARD_UNITS: string[] = [';qu="tokens"', "", ';qu="concurrent-requests"'];
/** The largest integer in a structured field (RFC 9651, 3.3.1). */
const LARGEST: i64 = 999_999_999_999_999;

const name = new ByteBuilder(64);
const value = new ByteBuilder(128);
const policies = new ByteBuilder(128);

/**
 * Tells what a demand has left: for each unit, of the row with the smallest share left, or the one that refuses the request.
 * @param format that of the API that the request calls
 * @param refusing the row that refuses the request; -1 if none does
 * @param nowMs the time since the epoch
 * @param agoMs how long ago the demand was read
 */
export function tellLimits(
  sink: HeaderSink,
  headers: LimitHeaders,
  format: Format,
  demand: Demand,
  refusing: i32,
  nowMs: i64,
  agoMs: i64,
): void {
  let kind = headers;
  if (kind == LimitHeaders.Auto) {
    if (format == Format.OpenAI) kind = LimitHeaders.OpenAI;
    else kind = format == Format.Anthropic ? LimitHeaders.Anthropic : LimitHeaders.Ietf;
  }
  value.clear();
  policies.clear();
  for (let unit = Unit.Tokens; unit <= Unit.Calls; ++unit) {
    const isRefusing = refusing >= 0 && demand.unit(refusing) == unit;
    const row = isRefusing ? refusing : tightestOf(demand, unit);
    if (row < 0) continue;
    const resetMs = max(demand.resetsInMs(row) - agoMs, 0);
    if (kind == LimitHeaders.Ietf) addStandard(demand, row, unit, resetMs);
    else if (unit != Unit.Calls) tellUnit(sink, kind, demand, row, unit, nowMs, resetMs);
  }
  if (policies.length == 0) return;
  sink.put(POLICY, policies.toBytes());
  sink.put(LIMIT, value.toBytes());
}

/** Sets a header to the limit of a row. */
export function tellRule(sink: HeaderSink, header: Bytes, demand: Demand, row: i32): void {
  value.clear();
  appendLimitPath(value, demand, row);
  sink.put(header, value.toBytes());
}

/** Sets the three headers of a unit in the form of OpenAI or Anthropic. */
function tellUnit(
  sink: HeaderSink,
  kind: LimitHeaders,
  demand: Demand,
  row: i32,
  unit: Unit,
  nowMs: i64,
  resetMs: i64,
): void {
  const isOpenAI = kind == LimitHeaders.OpenAI;
  for (let part = 0; part < PARTS.length; ++part) {
    name.clear();
    if (isOpenAI) name.bytes(OPENAI).byte(MINUS).bytes(PARTS[part]).byte(MINUS).text(UNITS[unit]);
    else name.bytes(ANTHROPIC).byte(MINUS).text(UNITS[unit]).byte(MINUS).bytes(PARTS[part]);
    value.clear();
    if (part == 0) value.decimal(demand.capacity(row));
    else if (part == 1) value.decimal(demand.remaining(row));
    else if (isOpenAI) appendDuration(value, resetMs);
    else appendTime(value, (nowMs + resetMs + 999) / 1000);
    sink.put(name.toBytes(), value.toBytes());
  }
}

/** Adds a row to both lists of the standard. */
function addStandard(demand: Demand, row: i32, unit: Unit, resetMs: i64): void {
  begin(policies, demand, row);
  policies.text(";q=").decimal(min(demand.capacity(row), LARGEST));
  if (unit != Unit.Calls) policies.text(";w=").decimal(demand.windowSeconds(row));
  policies.text(STANDARD_UNITS[unit]);
  begin(value, demand, row);
  value.text(";r=").decimal(min(demand.remaining(row), LARGEST));
  if (unit != Unit.Calls) value.text(";t=").decimal((resetMs + 999) / 1000);
}

/** Begins the entry of a row in a list. */
function begin(list: ByteBuilder, demand: Demand, row: i32): void {
  if (list.length > 0) list.text(", ");
  appendLimitPath(list.byte(QUOTE), demand, row);
  list.byte(QUOTE);
}
