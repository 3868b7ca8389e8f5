import {
  AMPERSAND,
  ASTERISK,
  CARET,
  DOLLAR,
  GREATER,
  LEFT_PAREN,
  LESS,
  PIPE,
  RIGHT_PAREN,
  TILDE,
} from "../bytes/ascii";
import { HeaderPairs } from "../abi/headers";
import { sendLocalResponse } from "../abi/stream-control";
import { ByteBuilder } from "../bytes/builder";
import { addressOf, Bytes, bytesOf } from "../bytes/bytes";
import { appendEscaped } from "../json/escape";
import { UNITS } from "../ledger/counter-kind";
import { Demand } from "../ledger/demand";
import { Format } from "./formats";
import { appendLimitPath } from "../ledger/limit-path";

/** Why a request is not served. */
export const enum Reason {
  /** A limit is reached. */
  Limit,
  /** Nothing is left of a balance. */
  Quota,
  /** Redis cannot be asked. */
  Unavailable,
}

/**
 * The bodies, by `Format` from OpenAI on. `$` stands for the message, `&` for the status code, `*` for the unit of the limit, `^`
 * for the rule, and `~` for the seconds to wait. Of `<a|b|c>`, the part for the `Reason` is written, and `(…)` only if waiting helps.
 */
const BODIES: Bytes[] = [
  bytesOf(
    '{"error":{"message":"$","type":"<*|insufficient_quota|server_error>","param":null,"code":"<rate_limit_exceeded|insufficient_quota|service_unavailable>"}}',
  ),
  bytesOf('{"type":"error","error":{"type":"<rate_limit_error|rate_limit_error|api_error>","message":"$"}}'),
  bytesOf(
    '{"error":{"code":&,"message":"$","status":"<RESOURCE_EXHAUSTED|RESOURCE_EXHAUSTED|UNAVAILABLE>","details":[({"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"~s"})]}}',
  ),
  bytesOf('{"error":{"code":"&","message":"$"}}'),
  bytesOf('{"message":"$"}'),
  bytesOf('{"message":"$"}'),
  bytesOf('{"error":"$"}'),
  bytesOf(
    '{"type":"https://iana.org/assignments/http-problem-types#<quota-exceeded|quota-exceeded|temporary-reduced-capacity>","title":"<Rate limit reached|Quota used up|Service unavailable>","status":&,"detail":"$"<,"violated-policies":["^"]||>}',
  ),
  bytesOf('{"code":"<Throttling.RateQuota|Throttling.AllocationQuota|ServiceUnavailable>","message":"$"}'),
];

const PROBLEM_TYPE = bytesOf("application/problem+json");
export const CONTENT_TYPE = bytesOf("content-type");
export const JSON_TYPE = bytesOf("application/json");
/** The header by which AWS clients tell errors apart; its value by `Reason`. */
const AWS_ERROR = bytesOf("x-amzn-errortype");
const AWS_ERRORS: Bytes[] = [
  bytesOf("ThrottlingException"),
  bytesOf("ThrottlingException"),
  bytesOf("ServiceUnavailableException"),
];
const body = new ByteBuilder(256, i32.MAX_VALUE);

/**
 * Answers the current stream's request.
 * @param headers of the answer, to which those of the format are added
 * @param format any but Text and Auto
 * @param waitSeconds after which the request may be served; negative if that is unknown, or never
 * @param row of `demand` whose limit is reached; -1 for none
 */
export function sendInFormat(
  headers: HeaderPairs,
  format: Format,
  reason: Reason,
  status: i32,
  details: Bytes,
  message: ByteBuilder,
  waitSeconds: i64,
  demand: Demand,
  row: i32,
): void {
  headers.add(CONTENT_TYPE, format == Format.Problem ? PROBLEM_TYPE : JSON_TYPE);
  if (format == Format.Bedrock) headers.add(AWS_ERROR, AWS_ERRORS[reason]);
  writeBody(format, reason, status, message, waitSeconds, demand, row);
  sendLocalResponse(status, details, body.toBytes(), headers);
}

function writeBody(
  format: Format,
  reason: Reason,
  status: i32,
  message: ByteBuilder,
  waitSeconds: i64,
  demand: Demand,
  row: i32,
): void {
  const out = body;
  out.clear();
  const template = BODIES[format - Format.OpenAI];
  const end = addressOf(template) + template.byteLength;
  // Which part between `<` and `>` is being read; -1 outside. Parts are not nested.
  let part = -1;
  let isLeftOut = false;
  for (let at = addressOf(template); at < end; ++at) {
    const c = load<u8>(at);
    if (c == LESS) part = 0;
    else if (c == PIPE) ++part;
    else if (c == GREATER) part = -1;
    else if (c == LEFT_PAREN || c == RIGHT_PAREN) isLeftOut = c == LEFT_PAREN && waitSeconds < 0;
    else if (isLeftOut || (part >= 0 && part != reason)) continue;
    else if (c == DOLLAR) appendEscaped(out, message.ptr, message.length);
    else if (c == AMPERSAND) out.decimal(status);
    else if (c == TILDE) out.decimal(waitSeconds);
    else if (c == CARET && row >= 0) appendLimitPath(out, demand, row);
    else if (c == ASTERISK) out.text(UNITS[row < 0 ? 0 : demand.unit(row)]);
    else out.byte(c);
  }
}
