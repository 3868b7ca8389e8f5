import { borrowBuffer, MAX_PIECE } from "../abi/buffers";
import { borrowHeader, getHeader } from "../abi/headers";
import { borrowedSize, release } from "../abi/memory";
import { BufferType, HeaderMapType } from "../abi/types";
import { Bytes, bytesOf } from "../bytes/bytes";
import { Latest } from "../bytes/latest";
import { mayHaveReachedUpstream, statusOfResponse } from "../request/exchange";
import { Metric, Metrics } from "../telemetry/metrics";
import { HEADERS } from "../usage/formats";
import { Meter } from "./meter";

/*
 * Feeds a meter with what the host holds for the current stream: headers, and buffers of bodies. Body pieces are borrowed,
 * `MAX_PIECE` bytes at most, read in place and released before the next one. Call these in the stream's callbacks only.
 */

const CONTENT_TYPE = bytesOf("content-type");
const CONTENT_ENCODING = bytesOf("content-encoding");
const TYPES = new Latest();

/** Reads a chunk of the request's body. @param size of the chunk in the host's buffer, in bytes */
export function meterRequestBody(meter: Meter, size: u32): void {
  if (!meter.readsRequest) return;
  for (let from: u32 = 0; from < size; from += MAX_PIECE) {
    const piece = borrowBuffer(BufferType.HttpRequestBody, min(size - from, MAX_PIECE), from);
    if (piece != 0) meter.requestPiece(piece, borrowedSize());
    release(piece);
  }
}

/** The response's content type; null if it has none. */
function contentType(): Bytes | null {
  const at = borrowHeader(HeaderMapType.HttpResponseHeaders, CONTENT_TYPE);
  if (at == 0) return null;
  const type = TYPES.of(at, borrowedSize());
  release(at);
  return type;
}

/**
 * Reads the response's headers, all that will be needed: Envoy shows them again only in the last callback.
 * @param mayCount whether they may report usage
 */
export function meterResponseHeaders(meter: Meter, mayCount: bool): void {
  const answer = meter.answer;
  if (answer.hasBegun) return;
  const status = statusOfResponse();
  const encoding = getHeader(HeaderMapType.HttpResponseHeaders, CONTENT_ENCODING);
  answer.head(status, encoding, contentType());
  if (answer.isCompressed || !mayCount) return;
  // Some APIs of Bedrock report their usage in headers only: in all of them, or in none.
  for (let i = 0; i < HEADERS.length; ++i) {
    const value = getHeader(HeaderMapType.HttpResponseHeaders, HEADERS[i].name);
    if (value === null) return;
    answer.count(i, value);
  }
}

/** Reads a chunk of the response's body. @param size of the chunk in the host's buffer, in bytes */
export function meterResponseBody(meter: Meter, size: u32): void {
  const answer = meter.answer;
  if (!answer.readsBody) return answer.skip(size);
  for (let from: u32 = 0; from < size; from += MAX_PIECE) {
    const piece = borrowBuffer(BufferType.HttpResponseBody, min(size - from, MAX_PIECE), from);
    if (piece != 0) answer.piece(piece, borrowedSize());
    release(piece);
  }
}

/**
 * Ends the call, and counts in `metrics` what was special about it.
 * @param isComplete whether the response has come to its end
 * @returns what to charge, in weighted tokens
 */
export function meterTotal(meter: Meter, isComplete: bool, metrics: Metrics): i64 {
  const tokens = meter.total(isComplete, mayHaveReachedUpstream);
  const answer = meter.answer;
  if (tokens > 0) metrics.consumed(meter.consumed);
  if (answer.isCompressed) metrics.add(Metric.CompressedResponses);
  if (answer.usage.clamped) metrics.add(Metric.ClampedUsages);
  if (meter.isUnreadable) metrics.add(Metric.UnreadableResponses);
  const isEstimate = meter.estimatedTokens > 0;
  if (tokens > 0) metrics.usage(!isEstimate);
  if (isEstimate) metrics.add(Metric.EstimatedTokens, meter.estimatedTokens);
  return tokens;
}
