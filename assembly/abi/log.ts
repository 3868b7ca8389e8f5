import { ByteBuilder } from "../bytes/builder";
import { clearSlots, sizeSlot, slotNumber } from "./memory";
import { LogLevel, Status } from "./types";

// @ts-ignore: decorator
@external("env", "proxy_log")
declare function proxy_log(level: u32, message: usize, size: usize): u32;

/** The beginning of each line. */
let prefix = "";

/** Sets the name of the plugin, with which its lines begin. The entry file calls this once. */
export function nameLines(plugin: string): void {
  prefix = `[${plugin}] `;
}

/** Writes one line to the host's log. The host drops it if `level` is below its own. */
export function log(level: LogLevel, message: string): void {
  const line = String.UTF8.encode(prefix + message);
  proxy_log(level, changetype<usize>(line), line.byteLength);
}

/** Clears `line` and begins a new line for `logLine` in it. */
export function beginLine(line: ByteBuilder): void {
  line.clear();
  line.text(prefix);
}

/** The same as `log` without the name of the plugin, which may not be known yet. */
export function logAnonymously(level: LogLevel, message: string): void {
  const line = String.UTF8.encode(message);
  proxy_log(level, changetype<usize>(line), line.byteLength);
}

/** The same as `log` for a line in a builder, which leaves no garbage. */
export function logLine(level: LogLevel, line: ByteBuilder): void {
  proxy_log(level, line.ptr, line.length);
}

// @ts-ignore: decorator
@external("env", "proxy_get_log_level")
declare function proxy_get_log_level(level: usize): u32;

/** How many times the known level is used before the host is asked again: a call costs more than most requests log. */
const ASKED_EVERY: i32 = 64;
let knownLevel: u32 = LogLevel.Info;
let untilAsked: i32 = 0;

/** Whether the host logs lines of `level`. Ask before you compose an expensive line. */
export function logs(level: LogLevel): bool {
  if (--untilAsked < 0) {
    untilAsked = ASKED_EVERY;
    clearSlots();
    if (proxy_get_log_level(sizeSlot()) == Status.Ok) knownLevel = slotNumber();
  }
  return <u32>level >= knownLevel;
}
