import { Status } from "./types";

// @ts-ignore: decorator
@external("env", "proxy_get_current_time_nanoseconds")
declare function proxy_get_current_time_nanoseconds(time: usize): u32;

const SLOT = memory.data(8, 8);

/** The time of the host's clock, in nanoseconds since the epoch; 0 if the host has none. */
export function nowNanoseconds(): i64 {
  store<u64>(SLOT, 0);
  proxy_get_current_time_nanoseconds(SLOT);
  return load<i64>(SLOT);
}

/** The time of the host's clock, in milliseconds since the epoch; 0 if the host has none. */
export function nowMilliseconds(): i64 {
  return nowNanoseconds() / 1_000_000;
}

// @ts-ignore: decorator
@external("env", "proxy_set_tick_period_milliseconds")
declare function proxy_set_tick_period_milliseconds(period: u32): u32;

/** Makes the host call `onTick` of the current root context every `period` milliseconds; 0 stops that. */
export function setTickPeriod(period: u32): Status {
  return proxy_set_tick_period_milliseconds(period);
}
