import { addressOf, Bytes } from "../bytes/bytes";
import { HeaderPairs } from "./headers";
import { Status, StreamType } from "./types";

// @ts-ignore: decorator
@external("env", "proxy_continue_stream")
declare function proxy_continue_stream(type: u32): u32;

/** Resumes a paused stream. The request headers cannot be read any more after that. */
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
 * Answers the request in place of the upstream. The host sends the answer after the current callback has returned.
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

/** Ends the current stream in both directions, right after the current callback. Data that was sent may still arrive. */
export function closeStream(): Status {
  return proxy_close_stream(StreamType.HttpResponse);
}

// @ts-ignore: decorator
@external("env", "proxy_set_effective_context")
declare function proxy_set_effective_context(context: u32): u32;

/**
 * Makes the following host calls act on another context, until the current callback ends. Callbacks of the root context (for
 * replies to calls) need this to act on a stream.
 * @returns BadArgument if that context no longer exists; calls then still act on the current one
 */
export function setEffectiveContext(context: u32): Status {
  return proxy_set_effective_context(context);
}
