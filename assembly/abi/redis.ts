import { addressOf, Bytes } from "../bytes/bytes";
import { ByteBuilder } from "../bytes/builder";
import { CalloutHandler, CalloutTable } from "./callouts";
import { enter, leave } from "./collector";
import { clearSlots, sizeSlot, slotNumber } from "./memory";
import { Status } from "./types";

/** The Redis host calls of Higress, which stock Envoy does not have. */

const calls = new CalloutTable();

// @ts-ignore: decorator
@external("env", "proxy_redis_init")
declare function proxy_redis_init(
  service: usize,
  serviceSize: usize,
  username: usize,
  usernameSize: usize,
  password: usize,
  passwordSize: usize,
  timeoutMilliseconds: u32,
): u32;

/**
 * Sets how connections to a cluster are opened, for all plugins on this worker, and closes open ones, so that calls in flight
 * fail. It does not contact Redis.
 * @param cluster Envoy's cluster name, optionally followed by `?db=<number>`
 * @returns BadArgument if this worker does not know the cluster (yet)
 */
export function redisInit(
  cluster: Bytes,
  username: Bytes,
  password: Bytes,
  timeoutMilliseconds: u32,
): Status {
  return proxy_redis_init(
    addressOf(cluster),
    cluster.byteLength,
    addressOf(username),
    username.byteLength,
    addressOf(password),
    password.byteLength,
    timeoutMilliseconds,
  );
}

// @ts-ignore: decorator
@external("env", "proxy_redis_call")
declare function proxy_redis_call(
  service: usize,
  serviceSize: usize,
  query: usize,
  querySize: usize,
  token: usize,
): u32;

/**
 * Sends one command. On Ok, `handler` is called exactly once with the reply, possibly before this returns.
 * @param command the command in RESP2
 */
export function redisCall(cluster: Bytes, command: ByteBuilder, handler: CalloutHandler): Status {
  const outer = calls.begin(handler);
  clearSlots();
  const status = proxy_redis_call(
    addressOf(cluster),
    cluster.byteLength,
    command.ptr,
    command.length,
    sizeSlot(),
  );
  calls.end(handler, outer, status == Status.Ok, slotNumber());
  return status;
}

/**
 * proxy-wasm export (Higress): the reply to `redisCall`.
 * @param status 0, or 1 if the connection failed or the call timed out
 * @param size the size of the reply, which is in the buffer `RedisCallResponse`
 */
export function proxy_on_redis_call_response(_root: u32, token: u32, status: u32, size: u32): void {
  enter();
  const handler = calls.take(token);
  if (handler !== null) handler.onReply(status, size);
  leave();
}
