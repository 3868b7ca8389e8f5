import { clearSlots, sizeSlot, slotNumber } from "./memory";
import { LogLevel, Status } from "./types";

// @ts-ignore: decorator
@external("env", "proxy_log")
declare function proxy_log(level: u32, message: usize, size: usize): u32;

/** Writes one line to the host's log; the host drops it when `level` is below its own. */
export function log(level: LogLevel, message: string): void {
  const line = String.UTF8.encode(message);
  proxy_log(level, changetype<usize>(line), line.byteLength);
}

// @ts-ignore: decorator
@external("env", "proxy_get_log_level")
declare function proxy_get_log_level(level: usize): u32;

/** Whether the host wants lines of `level`, to be asked before a costly line is composed. */
export function logs(level: LogLevel): bool {
  clearSlots();
  return proxy_get_log_level(sizeSlot()) == Status.Ok && <u32>level >= slotNumber();
}
