import { decimalText } from "../bytes/decimal";
import { logAnonymously } from "./log";
import { LogLevel } from "./types";

/**
 * AssemblyScript's `abort`, which runs when an assertion or a runtime check fails. It logs the place, then traps, because the
 * state after a failed check cannot be trusted. `--use abort=assembly/abi/abort/abort` links it instead of the import
 * `env.abort`, which proxies do not provide.
 */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const what = message !== null ? message : "abort";
  const where = file !== null ? file : "unknown";
  logAnonymously(LogLevel.Critical, `${what} at ${where}:${decimalText(line)}:${decimalText(column)}`);
  unreachable();
}
