import { LogLevel } from "./types";

// @ts-ignore: decorator
@external("env", "proxy_log")
declare function proxy_log(level: u32, message: usize, size: usize): u32;

/** Writes one line to the host's log; the host drops it when `level` is below its own. */
export function log(level: LogLevel, message: string): void {
  const line = String.UTF8.encode(message);
  proxy_log(level, changetype<usize>(line), line.byteLength);
}
