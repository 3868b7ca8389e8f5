import { addressOf, Bytes } from "../bytes/bytes";
import { HeaderPairs } from "./headers";
import { Status, StreamType } from "./types";

// @ts-ignore: decorator
@external("env", "proxy_continue_stream")
declare function proxy_continue_stream(type: u32): u32;

/** Lets a paused stream go on. The request headers can no longer be read afterwards. */
export function continueStream(type: StreamType): Status {
  return proxy_continue_stream(type);
}

// @ts-ignore: decorator
@external("env", "proxy_send_local_response")
declare function proxy_send_local_response(
  code: u32,
  details: usize,
  detailsSize: usize,
  body: usize,
  bodySize: usize,
  headers: usize,
  headersSize: usize,
  grpcStatus: i32,
): u32;

/**
 * Answers the request from here. The host sends the answer after the current callback has returned.
 * @param details what access logs show as the response code details
 */
export function sendLocalResponse(code: i32, details: Bytes, body: Bytes, headers: HeaderPairs): Status {
  const pairs = headers.encode();
  return proxy_send_local_response(
    code,
    addressOf(details),
    details.byteLength,
    addressOf(body),
    body.byteLength,
    pairs.ptr,
    pairs.length,
    -1, // not gRPC
  );
}

// @ts-ignore: decorator
@external("env", "proxy_close_stream")
declare function proxy_close_stream(type: u32): u32;

/** Ends the current stream at once, in both directions, after the current callback. What was sent may still arrive. */
export function closeStream(): Status {
  return proxy_close_stream(StreamType.HttpResponse);
}

// @ts-ignore: decorator
@external("env", "proxy_set_effective_context")
declare function proxy_set_effective_context(context: u32): u32;

/**
 * Makes the host calls that follow act on another context, until the current callback ends. Needed in callbacks of
 * the root context (replies to calls) that concern a stream.
 * @returns BadArgument when that context no longer exists; calls would then still act on the current one
 */
export function setEffectiveContext(context: u32): Status {
  return proxy_set_effective_context(context);
}
