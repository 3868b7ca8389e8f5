import {
  append,
  appendKey,
  call,
  command,
  connect,
  forget,
  isKnown,
  keepRoute,
  numberIn,
  own,
  proxy_continue_stream,
  readBuffer,
  readContentType,
  readHeader,
  sizeRead,
  waitingFor,
} from "./floor-parts.harness";
import { prepareRejections, reject } from "./floor-rejection.harness";

export {
  malloc,
  proxy_abi_version_0_2_100,
  proxy_on_context_create,
  proxy_on_vm_start,
} from "./floor-parts.harness";

/**
 * The floor that `make bench` measures the filter against: a filter that makes only the host calls without which it
 * could not do what the published plugin does, and nothing else.
 *
 *   request headers   read the header that the rule is about; keep the route; send one Redis command
 *   its reply         read it, compare one number, continue the stream or answer 429; for the latter, note it in the
 *                     property `ai_log`, and count it in a metric named after route, cluster and consumer
 *   response headers  read content-type
 *   response body     take and free each chunk; at the end, send one Redis command
 *   its reply         read and free it
 *
 * Its Redis commands are those of the filter, byte for byte as long. It charges a fixed number of tokens, because it
 * does not look at bodies, and numbers its commands alike, because it does not look for the numbers in replies.
 */

const KEY = String.UTF8.encode("x-api-key");
const COUNTER = "higress-token-ratelimit:bench:limit_by_per_header:60:x-api-key:";
const CHECK = String.UTF8.encode(
  "*6\r\n$7\r\nEVALSHA\r\n$40\r\n1ebaee0dc327a3242e80764d56ff532e9bd3b84e\r\n$1\r\n1\r\n$83\r\n" + COUNTER,
);
const CHECK_END = String.UTF8.encode("\r\n$2\r\n60\r\n$19\r\n1729382256910270464\r\n");
const CHARGE = String.UTF8.encode(
  "*9\r\n$7\r\nEVALSHA\r\n$40\r\nf9648256ece5f72fb57500925432597f94fab316\r\n$1\r\n2\r\n$83\r\n" + COUNTER,
);
const CHARGE_END = String.UTF8.encode(
  "\r\n$60\r\nhigress-token-ratelimit:charge:{EBoh}:AAAAAAAAAAAYAAAAAAAAAA" +
    "\r\n$2\r\n60\r\n$13\r\n1729382256910\r\n$2\r\n19\r\n$19\r\n1729382256910270465\r\n",
);

const THRESHOLD: u32 = 100;

export function proxy_on_configure(_root: u32, _size: u32): bool {
  connect();
  prepareRejections();
  return true;
}

export function proxy_on_request_headers(id: u32, _count: u32, _end: bool): u32 {
  const key = readHeader(0, KEY);
  if (key == 0) return 0;
  own(id, key, sizeRead());
  keepRoute();
  call(append(appendKey(append(command, CHECK), id), CHECK_END), id);
  return 4;
}

export function proxy_on_redis_call_response(_root: u32, token: u32, _status: u32, size: u32): void {
  const reply = readBuffer(9, size);
  const id = waitingFor(token);
  if (id != 0) {
    if (numberIn(reply) > THRESHOLD) reject(id);
    else proxy_continue_stream(0);
  }
  heap.free(reply);
}

export function proxy_on_response_headers(id: u32, _count: u32, _end: bool): u32 {
  if (isKnown(id)) readContentType();
  return 0;
}

export function proxy_on_response_body(id: u32, size: u32, end: bool): u32 {
  if (!isKnown(id)) return 0;
  heap.free(readBuffer(1, size));
  if (end) {
    const last = append(appendKey(append(command, CHARGE), id), CHARGE_END);
    forget(id);
    call(last, 0);
  }
  return 0;
}
