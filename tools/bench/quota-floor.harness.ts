import {
  answer,
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

export {
  malloc,
  proxy_abi_version_0_2_100,
  proxy_on_context_create,
  proxy_on_vm_start,
} from "./floor-parts.harness";

/**
 * The floor that `make bench` measures ai-quota against, as floor.harness.ts is that of the rate limiter: only the host calls
 * without which it could not do what the published plugin does.
 *
 *   request headers   read the consumer and the path; keep the route; send one Redis command
 *   its reply         read it; continue the stream, or answer 403 if there is nothing left; a query is answered with the balance
 *   response headers  read content-type
 *   response body     take and free each chunk; at the end, send one Redis command
 *   its reply         read and free it
 */

const CONSUMER = String.UTF8.encode("x-mse-consumer");
const PATH = String.UTF8.encode(":path");
const NO_QUOTA = String.UTF8.encode("ai-quota.noquota");
const MESSAGE = String.UTF8.encode("Request denied by ai quota check, No quota left");
const QUERIED = String.UTF8.encode("ai-quota.queryquota");
/** One header pair each: count, sizes, then name and value, each ended by a NUL. */
const TEXT = String.UTF8.encode("\x01\0\0\0\x0c\0\0\0\x0a\0\0\0Content-Type\0" + "text/plain\0");
const JSON_TYPE = String.UTF8.encode("\x01\0\0\0\x0c\0\0\0\x10\0\0\0Content-Type\0" + "application/json\0");
const BODY = String.UTF8.encode('{"consumer":"');
const BODY_MIDDLE = String.UTF8.encode('","quota":');
const BODY_END = String.UTF8.encode("}");

const SCRIPT = "$7\r\nEVALSHA\r\n$40\r\n1ebaee0dc327a3242e80764d56ff532e9bd3b84e\r\n$1\r\n";
const BALANCE = "$16\r\nchat_quota:";
const CHECK = String.UTF8.encode("*6\r\n" + SCRIPT + "1\r\n" + BALANCE);
const CHECK_END = String.UTF8.encode("\r\n$1\r\n0\r\n$19\r\n1729382256910270464\r\n");
const QUERY = String.UTF8.encode("*7\r\n" + SCRIPT + "1\r\n" + BALANCE);
const QUERY_END = String.UTF8.encode("\r\n$3\r\nget\r\n$1\r\n0\r\n$19\r\n1729382256910270464\r\n");
const CHARGE = String.UTF8.encode("*9\r\n" + SCRIPT + "2\r\n" + BALANCE);
const CHARGE_END = String.UTF8.encode(
  "\r\n$60\r\nhigress-token-ratelimit:charge:{EBoh}:AAAAAAAAAAAYAAAAAAAAAA" +
    "\r\n$1\r\n0\r\n$13\r\n1729382256910\r\n$3\r\n-19\r\n$19\r\n1729382256910270465\r\n",
);

/** Whether the stream that waits for Redis asks for a balance: the bench has one at a time. */
let isQuery: bool = false;

export function proxy_on_configure(_root: u32, _size: u32): bool {
  connect();
  return true;
}

export function proxy_on_request_headers(id: u32, _count: u32, _end: bool): u32 {
  const consumer = readHeader(0, CONSUMER);
  if (consumer == 0) return 0;
  own(id, consumer, sizeRead());
  const path = readHeader(0, PATH);
  const pathSize = sizeRead();
  // Of a query, the name behind the only equals sign is whose balance is asked for.
  const name = indexOf(path, pathSize, 0x3d) + 1;
  isQuery = name > 0;
  keepRoute();
  if (isQuery) {
    const size = pathSize - name;
    forget(id);
    const asked = heap.alloc(size);
    memory.copy(asked, path + name, size);
    own(id, asked, size);
  }
  heap.free(path);
  const start = append(command, isQuery ? QUERY : CHECK);
  call(append(appendKey(start, id), isQuery ? QUERY_END : CHECK_END), id);
  return 4;
}

export function proxy_on_redis_call_response(_root: u32, token: u32, _status: u32, size: u32): void {
  const reply = readBuffer(9, size);
  const id = waitingFor(token);
  if (id != 0) {
    if (isQuery) tell(id, reply);
    else if (numberIn(reply) == 0) deny(id);
    else proxy_continue_stream(0);
  }
  heap.free(reply);
}

/** Answers with the balance: its digits are in the reply, behind `*2 CR LF $<one digit> CR LF`. */
function tell(id: u32, reply: usize): void {
  let end = appendKey(append(command, BODY), id);
  end = append(end, BODY_MIDDLE);
  for (let at = reply + 8; load<u8>(at) != 0x0d; ++at) store<u8>(end++, load<u8>(at));
  end = append(end, BODY_END);
  forget(id);
  answer(200, QUERIED, command, <i32>(end - command), JSON_TYPE);
}

function deny(id: u32): void {
  forget(id);
  answer(403, NO_QUOTA, changetype<usize>(MESSAGE), MESSAGE.byteLength, TEXT);
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

/** Where a byte first is; -1 if it is not there. */
function indexOf(text: usize, size: i32, byte: u8): i32 {
  for (let i = 0; i < size; ++i) if (load<u8>(text + i) == byte) return i;
  return -1;
}
