import { addressOf, Bytes, bytesOf } from "../bytes/bytes";
import { ByteBuilder } from "../bytes/builder";
import { NOT_A_NUMBER, parseInteger } from "../bytes/decimal";
import { CalloutHandler, CalloutTable } from "./callouts";
import { enter, leave } from "./collector";
import { getHeader } from "./headers";
import { clearSlots, sizeSlot, slotNumber } from "./memory";
import { HeaderMapType, Status } from "./types";

/** The HTTP calls of the host, which stock Envoy has too. */

const calls = new CalloutTable();

const STATUS = bytesOf(":status");
/** An empty list of header pairs. */
const NO_TRAILERS = memory.data<u32>([0]);

// @ts-ignore: decorator
@external("env", "proxy_http_call")
declare function proxy_http_call(
  cluster: usize,
  clusterSize: usize,
  headers: usize,
  headersSize: usize,
  body: usize,
  bodySize: usize,
  trailers: usize,
  trailersSize: usize,
  timeoutMilliseconds: u32,
  token: usize,
): u32;

/**
 * Sends one request to a cluster of the proxy, from the root context, so that it outlives the current stream. On Ok,
 * `handler` is called exactly once, possibly before this returns, with the HTTP status, or 0 if there is no response.
 * @param headers encoded `HeaderPairs`, with :method, :path and :authority
 * @returns BadArgument if the proxy does not know the cluster (yet); InternalFailure if it has no healthy host
 */
export function httpCall(
  cluster: Bytes,
  headers: Bytes,
  body: ByteBuilder,
  timeoutMilliseconds: u32,
  handler: CalloutHandler,
): Status {
  const outer = calls.begin(handler);
  clearSlots();
  const status = proxy_http_call(
    addressOf(cluster),
    cluster.byteLength,
    addressOf(headers),
    headers.byteLength,
    body.ptr,
    body.length,
    NO_TRAILERS,
    sizeof<u32>(),
    timeoutMilliseconds,
    sizeSlot(),
  );
  calls.end(handler, outer, status == Status.Ok, slotNumber());
  return status;
}

/**
 * proxy-wasm export: the response to `httpCall`.
 * @param headers the number of headers; 0 if there is no response
 * @param bodySize the size of the body, which is in the buffer `HttpCallResponseBody`
 */
export function proxy_on_http_call_response(
  _root: u32,
  token: u32,
  headers: u32,
  bodySize: u32,
  _trailers: u32,
): void {
  enter();
  const handler = calls.take(token);
  if (handler !== null) handler.onReply(headers > 0 ? httpStatus() : 0, bodySize);
  leave();
}

/** The status of the response whose callback is running; 0 if it has none. */
function httpStatus(): u32 {
  const text = getHeader(HeaderMapType.HttpCallResponseHeaders, STATUS);
  if (text === null) return 0;
  const status = parseInteger(addressOf(text), text.byteLength);
  return status == NOT_A_NUMBER || status < 0 || status > 999 ? 0 : <u32>status;
}
