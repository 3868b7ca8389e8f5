import { borrowBuffer, MAX_PIECE } from "../abi/buffers";
import { getHeader } from "../abi/headers";
import { borrowedSize, release } from "../abi/memory";
import { BufferType, HeaderMapType } from "../abi/types";
import { bytesOf } from "../bytes/bytes";
import { mayHaveReachedUpstream, statusOfResponse } from "../request/exchange";
import { Metrics } from "../telemetry/metrics";
import { HEADERS } from "../usage/formats";
import { Meter } from "./meter";

/*
 * From the host to a meter: what the current stream has in its buffers and headers.
 */

const CONTENT_TYPE = bytesOf("content-type");
const CONTENT_ENCODING = bytesOf("content-encoding");

/** The next `size` bytes of the request's body are in the host's buffer. */
export function meterRequestBody(meter: Meter, size: u32): void {
  if (!meter.readsRequest) return;
  for (let from: u32 = 0; from < size; from += MAX_PIECE) {
    const piece = borrowBuffer(BufferType.HttpRequestBody, min(size - from, MAX_PIECE), from);
    if (piece != 0) meter.requestPiece(piece, borrowedSize());
    release(piece);
  }
}

/** The headers of the response have arrived. All that is needed is read now: Envoy shows them in no later callback but the last. */
export function meterResponseHeaders(meter: Meter): void {
  const answer = meter.answer;
  if (answer.hasBegun) return;
  const status = statusOfResponse();
  const encoding = getHeader(HeaderMapType.HttpResponseHeaders, CONTENT_ENCODING);
  const type = getHeader(HeaderMapType.HttpResponseHeaders, CONTENT_TYPE);
  answer.head(status, encoding, type);
  if (answer.isCompressed) return;
  // Some APIs of Bedrock report their usage in headers only: in all of them, or in none.
  for (let i = 0; i < HEADERS.length; ++i) {
    const value = getHeader(HeaderMapType.HttpResponseHeaders, HEADERS[i].name);
    if (value === null) return;
    answer.count(i, value);
  }
}

/** The next `size` bytes of the response's body are in the host's buffer. */
export function meterResponseBody(meter: Meter, size: u32): void {
  const answer = meter.answer;
  if (!answer.readsBody) return answer.skip(size);
  for (let from: u32 = 0; from < size; from += MAX_PIECE) {
    const piece = borrowBuffer(BufferType.HttpResponseBody, min(size - from, MAX_PIECE), from);
    if (piece != 0) answer.piece(piece, borrowedSize());
    release(piece);
  }
}

/** What the call costs, in weighted tokens; what was special about it is counted. */
export function meterTotal(meter: Meter, isComplete: bool, metrics: Metrics): i64 {
  const tokens = meter.total(isComplete, mayHaveReachedUpstream);
  const answer = meter.answer;
  if (answer.isCompressed) metrics.compressedResponse();
  if (answer.usage.clamped) metrics.clampedUsage();
  if (meter.isUnreadable) metrics.unreadableResponse();
  if (meter.estimatedTokens > 0) metrics.estimated(meter.estimatedTokens);
  return tokens;
}
