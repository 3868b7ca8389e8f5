// @ts-ignore: decorator
@external("env", "proxy_get_current_time_nanoseconds")
declare function proxy_get_current_time_nanoseconds(time: usize): u32;

const SLOT = memory.data(8, 8);

/** The host's clock, in milliseconds since the epoch; 0 when the host has none. */
export function nowMilliseconds(): i64 {
  store<u64>(SLOT, 0);
  proxy_get_current_time_nanoseconds(SLOT);
  return <i64>(load<u64>(SLOT) / 1_000_000);
}
