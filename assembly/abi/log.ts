import { ByteBuilder } from "../bytes/builder";
import { clearSlots, sizeSlot, slotNumber } from "./memory";
import { LogLevel, Status } from "./types";

// @ts-ignore: decorator
@external("env", "proxy_log")
declare function proxy_log(level: u32, message: usize, size: usize): u32;

/** What each line begins with. */
let prefix = "";

/** Sets the name of the plugin, with which its lines begin; called once, by the entry file. */
export function nameLines(plugin: string): void {
  prefix = `[${plugin}] `;
}

/** Writes one line to the host's log; the host drops it when `level` is below its own. */
export function log(level: LogLevel, message: string): void {
  const line = String.UTF8.encode(prefix + message);
  proxy_log(level, changetype<usize>(line), line.byteLength);
}

/** Begins a line for `logLine`, in place of the last one. */
export function beginLine(line: ByteBuilder): void {
  line.clear();
  line.text(prefix);
}

/** The same without the name of the plugin, which may not be known yet. */
export function logAnonymously(level: LogLevel, message: string): void {
  const line = String.UTF8.encode(message);
  proxy_log(level, changetype<usize>(line), line.byteLength);
}

/** The same as `log` for a line that is not made of strings, which leaves no garbage. */
export function logLine(level: LogLevel, line: ByteBuilder): void {
  proxy_log(level, line.ptr, line.length);
}

// @ts-ignore: decorator
@external("env", "proxy_get_log_level")
declare function proxy_get_log_level(level: usize): u32;

/** The host is asked for its level once in so many times, since a call costs more than most requests spend on it. */
const ASKED_EVERY: i32 = 64;
let knownLevel: u32 = LogLevel.Info;
let untilAsked: i32 = 0;

/** Whether the host wants lines of `level`, to be asked before a costly line is composed. */
export function logs(level: LogLevel): bool {
  if (--untilAsked < 0) {
    untilAsked = ASKED_EVERY;
    clearSlots();
    if (proxy_get_log_level(sizeSlot()) == Status.Ok) knownLevel = slotNumber();
  }
  return <u32>level >= knownLevel;
}
