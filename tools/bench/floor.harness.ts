import "../../assembly/abi/abort";

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
 * does not look at bodies, and numbers its commands alike, because it does not look for the numbers in replies. What it must remember of a stream is in a table of fixed size; it allocates nothing else.
 *
 * Imports are declared without a module name, because Prettier reads no decorators on functions: the bench's host
 * offers its functions under any name.
 */

declare function proxy_get_header_map_value(m: u32, k: usize, n: usize, p: usize, s: usize): u32;
declare function proxy_get_buffer_bytes(t: u32, from: u32, max: u32, p: usize, s: usize): u32;
declare function proxy_redis_init(
  service: usize,
  serviceSize: usize,
  user: usize,
  userSize: usize,
  password: usize,
  passwordSize: usize,
  timeout: u32,
): u32;
declare function proxy_redis_call(s: usize, n: usize, query: usize, size: usize, token: usize): u32;
declare function proxy_set_effective_context(id: u32): u32;
declare function proxy_get_property(path: usize, pathSize: usize, p: usize, s: usize): u32;
declare function proxy_set_property(path: usize, pathSize: usize, value: usize, valueSize: usize): u32;
declare function proxy_define_metric(type: u32, name: usize, nameSize: usize, id: usize): u32;
declare function proxy_increment_metric(id: u32, by: i64): u32;
declare function proxy_continue_stream(type: u32): u32;
declare function proxy_send_local_response(
  code: u32,
  details: usize,
  detailsSize: usize,
  body: usize,
  bodySize: usize,
  pairs: usize,
  pairsSize: usize,
  grpc: i32,
): u32;

const KEY = String.UTF8.encode("x-api-key");
const CONTENT_TYPE = String.UTF8.encode("content-type");
const CLEAR_ROUTE_CACHE = String.UTF8.encode("clear_route_cache");
const OFF = String.UTF8.encode("off");
const AI_LOG = String.UTF8.encode("ai_log");
const LIMITED = String.UTF8.encode('{\\"token_ratelimit_status\\":\\"limited\\"}');
const ROUTE = String.UTF8.encode("route_name");
const CLUSTER_NAME = String.UTF8.encode("cluster_name");
const CONSUMER = String.UTF8.encode("x-mse-consumer");
const METRIC = String.UTF8.encode(
  "route.qwen.upstream.outbound|443||qwen.dns.model.none.consumer.none.metric.token_ratelimit_count",
);
const CLUSTER = String.UTF8.encode("outbound|6379||redis.dns");
const DETAILS = String.UTF8.encode("ai-token-ratelimit.rejected");
const MESSAGE = String.UTF8.encode("Too many requests");
/** One header pair: count, sizes, then name and value, each ended by a NUL. */
const PAIRS = String.UTF8.encode("\x01\0\0\0\x16\0\0\0\x02\0\0\0X-TokenRateLimit-Reset\0" + "30\0");

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
/** Streams that can be open at the same time; a power of two. */
const STREAMS: u32 = 1024;
/** Per stream, by its id: the address and size of the caller's key. */
const keys = memory.data(8192);
/** By Redis token, which hosts count in fours: the stream that waits, or 0 when it does not. */
const waiting = memory.data(4096);
const slots = memory.data(8);
const command = memory.data(1024);
let rejections: u32 = 0;

export function malloc(size: usize): usize {
  return heap.alloc(size);
}

export function proxy_abi_version_0_2_100(): void {}

export function proxy_on_vm_start(_root: u32, _size: u32): bool {
  return true;
}

export function proxy_on_configure(_root: u32, _size: u32): bool {
  const cluster = changetype<usize>(CLUSTER);
  proxy_redis_init(cluster, CLUSTER.byteLength, 0, 0, 0, 0, 1000);
  proxy_define_metric(0, changetype<usize>(METRIC), METRIC.byteLength, slots);
  rejections = load<u32>(slots);
  return true;
}

export function proxy_on_context_create(_id: u32, _parent: u32): void {}

export function proxy_on_request_headers(id: u32, _count: u32, _end: bool): u32 {
  store<u64>(slots, 0);
  if (proxy_get_header_map_value(0, changetype<usize>(KEY), KEY.byteLength, slots, slots + 4) != 0) return 0;
  const stream = streamOf(id);
  store<u64>(stream, load<u64>(slots));
  setProperty(CLEAR_ROUTE_CACHE, OFF);
  let end = append(command, changetype<usize>(CHECK), CHECK.byteLength);
  end = appendKey(end, stream);
  end = append(end, changetype<usize>(CHECK_END), CHECK_END.byteLength);
  call(end, id);
  return 4;
}

export function proxy_on_redis_call_response(_root: u32, token: u32, _status: u32, size: u32): void {
  store<u64>(slots, 0);
  proxy_get_buffer_bytes(9, 0, size, slots, slots + 4);
  const reply = <usize>load<u32>(slots);
  const place = waiting + (((token >> 2) & (STREAMS - 1)) << 2);
  const id = load<u32>(place);
  if (id != 0) {
    proxy_set_effective_context(id);
    if (isAbove(reply)) {
      forget(id);
      readProperty(AI_LOG);
      setProperty(AI_LOG, LIMITED);
      proxy_send_local_response(
        429,
        changetype<usize>(DETAILS),
        DETAILS.byteLength,
        changetype<usize>(MESSAGE),
        MESSAGE.byteLength,
        changetype<usize>(PAIRS),
        PAIRS.byteLength,
        -1,
      );
      readProperty(ROUTE);
      readProperty(CLUSTER_NAME);
      store<u64>(slots, 0);
      proxy_get_header_map_value(0, changetype<usize>(CONSUMER), CONSUMER.byteLength, slots, slots + 4);
      heap.free(<usize>load<u32>(slots));
      proxy_increment_metric(rejections, 1);
    } else {
      proxy_continue_stream(0);
    }
  }
  heap.free(reply);
}

export function proxy_on_response_headers(id: u32, _count: u32, _end: bool): u32 {
  if (load<u32>(streamOf(id)) == 0) return 0;
  store<u64>(slots, 0);
  proxy_get_header_map_value(2, changetype<usize>(CONTENT_TYPE), CONTENT_TYPE.byteLength, slots, slots + 4);
  heap.free(<usize>load<u32>(slots));
  return 0;
}

export function proxy_on_response_body(id: u32, size: u32, end: bool): u32 {
  const stream = streamOf(id);
  if (load<u32>(stream) == 0) return 0;
  store<u64>(slots, 0);
  proxy_get_buffer_bytes(1, 0, size, slots, slots + 4);
  heap.free(<usize>load<u32>(slots));
  if (end) {
    let at = append(command, changetype<usize>(CHARGE), CHARGE.byteLength);
    at = appendKey(at, stream);
    at = append(at, changetype<usize>(CHARGE_END), CHARGE_END.byteLength);
    forget(id);
    call(at, 0);
  }
  return 0;
}

function setProperty(path: ArrayBuffer, value: ArrayBuffer): void {
  proxy_set_property(changetype<usize>(path), path.byteLength, changetype<usize>(value), value.byteLength);
}

/** Reads a property and frees its value. */
function readProperty(path: ArrayBuffer): void {
  store<u64>(slots, 0);
  proxy_get_property(changetype<usize>(path), path.byteLength, slots, slots + 4);
  heap.free(<usize>load<u32>(slots));
}

/** The place in `keys` of a stream; what is there is 0 when no rule applies to it. */
function streamOf(id: u32): usize {
  return keys + ((id & (STREAMS - 1)) << 3);
}

/** Sends what is in `command` up to `end`; `id` is the stream that waits for the reply, or 0. */
function call(end: usize, id: u32): void {
  const cluster = changetype<usize>(CLUSTER);
  proxy_redis_call(cluster, CLUSTER.byteLength, command, end - command, slots);
  store<u32>(waiting + (((load<u32>(slots) >> 2) & (STREAMS - 1)) << 2), id);
}

/** Frees the key of a stream. */
function forget(id: u32): void {
  const stream = streamOf(id);
  heap.free(<usize>load<u32>(stream));
  store<u64>(stream, 0);
}

function append(to: usize, from: usize, size: i32): usize {
  memory.copy(to, from, size);
  return to + size;
}

function appendKey(to: usize, stream: usize): usize {
  return append(to, <usize>load<u32>(stream), load<i32>(stream, 4));
}

/** Whether the number in a reply that begins `*2 CR LF $<one digit> CR LF <number>` is above the threshold. */
function isAbove(reply: usize): bool {
  let tokens: u32 = 0;
  for (let at = reply + 8; load<u8>(at) - 0x30 < 10; ++at) tokens = tokens * 10 + load<u8>(at) - 0x30;
  return tokens > THRESHOLD;
}
