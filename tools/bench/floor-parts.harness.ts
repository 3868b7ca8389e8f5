import "../../assembly/abi/abort";

/**
 * What the floors that `make bench` measures filters against have in common: the calls of the host, what they must remember of a
 * stream, in a table of fixed size, and how they send a Redis command. They allocate nothing else.
 *
 * Imports are declared without a module name, because Prettier reads no decorators on functions: the bench's host
 * offers its functions under any name.
 */

export declare function proxy_get_header_map_value(m: u32, k: usize, n: usize, p: usize, s: usize): u32;
export declare function proxy_get_buffer_bytes(t: u32, from: u32, max: u32, p: usize, s: usize): u32;
export declare function proxy_replace_header_map_value(m: u32, k: usize, n: usize, v: usize, s: usize): u32;
export declare function proxy_set_buffer_bytes(t: u32, from: u32, max: u32, p: usize, s: usize): u32;
export declare function proxy_redis_init(
  service: usize,
  serviceSize: usize,
  user: usize,
  userSize: usize,
  password: usize,
  passwordSize: usize,
  timeout: u32,
): u32;
export declare function proxy_redis_call(s: usize, n: usize, query: usize, size: usize, token: usize): u32;
export declare function proxy_set_effective_context(id: u32): u32;
export declare function proxy_get_property(path: usize, pathSize: usize, p: usize, s: usize): u32;
export declare function proxy_set_property(path: usize, pathSize: usize, value: usize, valueSize: usize): u32;
export declare function proxy_define_metric(type: u32, name: usize, nameSize: usize, id: usize): u32;
export declare function proxy_increment_metric(id: u32, by: i64): u32;
export declare function proxy_continue_stream(type: u32): u32;
export declare function proxy_send_local_response(
  code: u32,
  details: usize,
  detailsSize: usize,
  body: usize,
  bodySize: usize,
  pairs: usize,
  pairsSize: usize,
  grpc: i32,
): u32;

const CONTENT_TYPE = String.UTF8.encode("content-type");
const CLEAR_ROUTE_CACHE = String.UTF8.encode("clear_route_cache");
const OFF = String.UTF8.encode("off");
const CLUSTER = String.UTF8.encode("outbound|6379||redis.dns");

/** Streams that can be open at the same time; a power of two. */
const STREAMS: u32 = 1024;
/** Per stream, by its id: the address and size of the caller's key. */
const keys = memory.data(8192);
/** By Redis token, which hosts count in fours: the stream that waits, or 0 when it does not. */
const waiting = memory.data(4096);
const slots = memory.data(8);
/** Where a Redis command is written. */
export const command: usize = memory.data(1024);

/** Tells the host of the Redis service. */
export function connect(): void {
  proxy_redis_init(changetype<usize>(CLUSTER), CLUSTER.byteLength, 0, 0, 0, 0, 1000);
}

/** Defines a counter. @returns its id */
export function counter(name: ArrayBuffer): u32 {
  proxy_define_metric(0, changetype<usize>(name), name.byteLength, slots);
  return load<u32>(slots);
}

/** Reads a header. @returns the address of its value, to be freed, and 0 if there is none; its size is `sizeRead()` */
export function readHeader(map: u32, name: ArrayBuffer): usize {
  store<u64>(slots, 0);
  proxy_get_header_map_value(map, changetype<usize>(name), name.byteLength, slots, slots + 4);
  return <usize>load<u32>(slots);
}

/** Reads a buffer. @returns the address of its bytes, to be freed; their size is `sizeRead()` */
export function readBuffer(type: u32, size: u32): usize {
  store<u64>(slots, 0);
  proxy_get_buffer_bytes(type, 0, size, slots, slots + 4);
  return <usize>load<u32>(slots);
}

/** The size of what was read last, in bytes. */
export function sizeRead(): i32 {
  return load<i32>(slots, 4);
}

/** Reads a property and frees its value. */
export function readProperty(path: ArrayBuffer): void {
  store<u64>(slots, 0);
  proxy_get_property(changetype<usize>(path), path.byteLength, slots, slots + 4);
  heap.free(<usize>load<u32>(slots));
}

export function setProperty(path: ArrayBuffer, value: ArrayBuffer): void {
  proxy_set_property(changetype<usize>(path), path.byteLength, changetype<usize>(value), value.byteLength);
}

/** Has the host keep the route of the current stream. */
export function keepRoute(): void {
  setProperty(CLEAR_ROUTE_CACHE, OFF);
}

/** Answers the current stream. */
export function answer(
  status: u32,
  details: ArrayBuffer,
  body: usize,
  bodySize: i32,
  pairs: ArrayBuffer,
): void {
  proxy_send_local_response(
    status,
    changetype<usize>(details),
    details.byteLength,
    body,
    bodySize,
    changetype<usize>(pairs),
    pairs.byteLength,
    -1,
  );
}

/** The place of a stream: the address and size of its key, which it owns; 0 when the filter does nothing with it. */
function streamOf(id: u32): usize {
  return keys + ((id & (STREAMS - 1)) << 3);
}

/** Gives a stream its key. */
export function own(id: u32, key: usize, size: i32): void {
  store<u32>(streamOf(id), <u32>key);
  store<i32>(streamOf(id), size, 4);
}

/** Whether the filter does something with a stream. */
export function isKnown(id: u32): bool {
  return load<u32>(streamOf(id)) != 0;
}

/** Frees the key of a stream. */
export function forget(id: u32): void {
  const stream = streamOf(id);
  heap.free(<usize>load<u32>(stream));
  store<u64>(stream, 0);
}

/** Sends what is in `command` up to `end`; `id` is the stream that waits for the reply, or 0. */
export function call(end: usize, id: u32): void {
  proxy_redis_call(changetype<usize>(CLUSTER), CLUSTER.byteLength, command, end - command, slots);
  store<u32>(waiting + (((load<u32>(slots) >> 2) & (STREAMS - 1)) << 2), id);
}

/** The stream that waits for a reply, which becomes the current one; 0 if none does. */
export function waitingFor(token: u32): u32 {
  const id = load<u32>(waiting + (((token >> 2) & (STREAMS - 1)) << 2));
  if (id != 0) proxy_set_effective_context(id);
  return id;
}

/** Writes text behind what a command has already. @returns its new end */
export function append(to: usize, text: ArrayBuffer): usize {
  memory.copy(to, changetype<usize>(text), text.byteLength);
  return to + text.byteLength;
}

/** Writes the key of a stream. @returns the command's new end */
export function appendKey(to: usize, id: u32): usize {
  const stream = streamOf(id);
  const size = load<i32>(stream, 4);
  memory.copy(to, <usize>load<u32>(stream), size);
  return to + size;
}

/** The number in a reply that begins `*<one digit> CR LF $<one digit> CR LF <number>`. */
export function numberIn(reply: usize): u32 {
  return numberAt(reply + 8);
}

/** The number whose digits begin at an address. */
export function numberAt(address: usize): u32 {
  let number: u32 = 0;
  for (let at = address; load<u8>(at) - 0x30 < 10; ++at) number = number * 10 + load<u8>(at) - 0x30;
  return number;
}

/** Reads the content type of a response, which decides how it is read. */
export function readContentType(): void {
  heap.free(readHeader(2, CONTENT_TYPE));
}

export function malloc(size: usize): usize {
  return heap.alloc(size);
}

export function proxy_abi_version_0_2_100(): void {}

export function proxy_on_vm_start(_root: u32, _size: u32): bool {
  return true;
}

export function proxy_on_context_create(_id: u32, _parent: u32): void {}
