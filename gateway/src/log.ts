import pino, { type DestinationStream, type Logger } from "pino";
import pretty from "pino-pretty";
import { LogLevel } from "./wasm/types.ts";

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const;
export type LogLevelName = (typeof LOG_LEVELS)[number];

/** JSON lines on stdout, or readable ones where a person looks on. */
export function createLogger(level: LogLevelName): Logger {
  // Written at once: what pino still has to write when the process ends, it tries to write for ever if nobody reads it.
  const stdout = pino.destination({ fd: 1, sync: true });
  return pino({ level, base: null }, process.stdout.isTTY ? readable(stdout) : stdout);
}

/** One coloured line per entry, its fields behind the message. */
export function readable(destination: NodeJS.WritableStream | DestinationStream): DestinationStream {
  return pretty({
    colorize: true,
    translateTime: "HH:MM:ss.l",
    singleLine: true,
    destination: destination as NodeJS.WritableStream,
  });
}

export function silentLogger(): Logger {
  return pino({ level: "silent" });
}

const GUEST_LEVELS = {
  [LogLevel.Trace]: "trace",
  [LogLevel.Debug]: "debug",
  [LogLevel.Info]: "info",
  [LogLevel.Warn]: "warn",
  [LogLevel.Error]: "error",
  [LogLevel.Critical]: "fatal",
} as const;

/** A line from a plugin at the level it chose; an unknown level is info. */
export function logGuestLine(logger: Logger, plugin: string, level: LogLevel, message: string): void {
  logger[GUEST_LEVELS[level] ?? "info"]({ plugin }, message);
}

/** The logger's level in the filter's terms; a silent logger is past critical. */
export function toLogLevel(logger: Logger): LogLevel {
  const wanted = logger.levels.values[logger.level] ?? Infinity;
  const found = Object.entries(GUEST_LEVELS).find(([, name]) => (logger.levels.values[name] ?? 0) >= wanted);
  return found === undefined ? LogLevel.Critical : Number(found[0]);
}

/** A filter's line without the `[plugin] [id] [request id]` it begins with. */
export function stripGuestPrefix(message: string): string {
  return message.replace(/^(?:\[[^\]]*\] ?)+/, "");
}
