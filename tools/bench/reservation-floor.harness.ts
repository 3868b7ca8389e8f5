import {
  append,
  appendKey,
  call,
  command,
  connect,
  forget,
  isKnown,
  keepRoute,
  numberAt,
  own,
  proxy_continue_stream,
  proxy_replace_header_map_value,
  proxy_set_buffer_bytes,
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
 * The floor that `make bench` measures reservations against, as floor.harness.ts is that of calls without them: only the host
 * calls without which tokens could not be reserved and caps be lowered.
 *
 *   request headers   read the header that the rule is about; keep the route; wait for the body
 *   request body      read it, and keep it; send one Redis command
 *   its reply         read it; if less is granted than was asked for, write that into the body; continue the stream, or answer 429
 *   response headers  read content-type; if the cap was lowered, tell so
 *   response body     take and free each chunk; at the end, send one Redis command
 *   its reply         read and free it
 *
 * It looks for no cap, because it knows where that is: before the body's last brace.
 */

const KEY = String.UTF8.encode("x-api-key");
const CLAMPED = String.UTF8.encode("x-ratelimit-clamped-tokens");
const COUNTER = "higress-token-ratelimit:bench:limit_by_per_header:60:x-api-key:";
const HOLD = String.UTF8.encode(
  "*20\r\n$7\r\nEVALSHA\r\n$40\r\nb213579f59ab6fed33896625cdd54674fcc5d83e\r\n$1\r\n3\r\n$83\r\n" + COUNTER,
);
const HELD = String.UTF8.encode("\r\n$119\r\nhigress-token-ratelimit:held:{MNMk}:" + COUNTER);
const MARKER = "\r\n$60\r\nhigress-token-ratelimit:charge:{MNMk}:AAAAAAAAAAAYAAAAAAAAAA";
const HOLD_END = String.UTF8.encode(
  MARKER +
    "\r\n$1\r\n1\r\n$3\r\n435\r\n$3\r\n512\r\n$2\r\n16\r\n$6\r\nstated\r\n$5\r\n75000\r\n$6\r\ncharge" +
    "\r\n$7\r\n3000000\r\n$1\r\n-\r\n$1\r\n0\r\n$3\r\n100\r\n$2\r\n60\r\n$5\r\n10000\r\n$19\r\n1729382256910270464\r\n",
);
const SETTLE = String.UTF8.encode(
  "*14\r\n$7\r\nEVALSHA\r\n$40\r\ne4e811f35d793b66825b7ef6fa1451d5e59b3f85\r\n$1\r\n3\r\n$83\r\n" + COUNTER,
);
const SETTLE_END = String.UTF8.encode(
  MARKER +
    "\r\n$1\r\n1\r\n$2\r\n19\r\n$13\r\n1729382256910\r\n$13\r\n1729382925000\r\n$3\r\n947\r\n$2\r\n15" +
    "\r\n$2\r\n60\r\n$19\r\n1729382256910270465\r\n",
);

const WANTED: u32 = 512;
/** The digits of the cap, which ends before the body's last byte. */
const DIGITS: i32 = 3;

/** The body that is held, and its size: the bench has one at a time. */
let body: usize = 0;
let bodySize: i32 = 0;
/** The cap that the call was lowered to, as text that blanks precede, and whether it was. */
const lowered = memory.data(4);
let isLowered: bool = false;

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
  isLowered = false;
  return 1;
}

export function proxy_on_request_body(id: u32, size: u32, _end: bool): u32 {
  if (!isKnown(id)) return 0;
  body = readBuffer(0, size);
  bodySize = sizeRead();
  const end = append(appendKey(append(command, HOLD), id), HELD);
  call(append(appendKey(end, id), HOLD_END), id);
  return 1;
}

export function proxy_on_redis_call_response(_root: u32, token: u32, _status: u32, size: u32): void {
  const reply = readBuffer(9, size);
  const id = waitingFor(token);
  if (id != 0) {
    // `*5 CR LF :<granted>`; a denial has four elements.
    if (load<u8>(reply, 1) == 0x35) admit(numberAt(reply + 5));
    else reject(id);
    heap.free(body);
  }
  heap.free(reply);
}

function admit(granted: u32): void {
  if (granted < WANTED) lower(granted);
  proxy_continue_stream(0);
}

function lower(granted: u32): void {
  isLowered = true;
  let rest = granted;
  for (let i = DIGITS - 1; i >= 0; --i) {
    store<u8>(lowered + i, rest > 0 ? 0x30 + (rest % 10) : 0x20);
    rest /= 10;
  }
  const size = bodySize - 1;
  memory.copy(body + size - DIGITS, lowered, DIGITS);
  proxy_set_buffer_bytes(0, 0, size, body, size);
}

export function proxy_on_response_headers(id: u32, _count: u32, _end: bool): u32 {
  if (!isKnown(id)) return 0;
  readContentType();
  if (isLowered)
    proxy_replace_header_map_value(2, changetype<usize>(CLAMPED), CLAMPED.byteLength, lowered, DIGITS);
  return 0;
}

export function proxy_on_response_body(id: u32, size: u32, end: bool): u32 {
  if (!isKnown(id)) return 0;
  heap.free(readBuffer(1, size));
  if (end) {
    const held = append(appendKey(append(command, SETTLE), id), HELD);
    const last = append(appendKey(held, id), SETTLE_END);
    forget(id);
    call(last, 0);
  }
  return 0;
}
