import { beginLine, logLine, logs } from "../abi/log";
import { LogLevel } from "../abi/types";
import { ByteBuilder } from "../bytes/builder";
import { Algorithm } from "./algorithm";
import { Demand } from "./demand";

const line = new ByteBuilder(256);

/** Whether the host logs at level debug, so that the functions below are worth calling. */
export function isTraced(): bool {
  return logs(LogLevel.Debug);
}

/** Logs what a counter holds, and when it expires. */
export function tracePeek(
  algorithm: Algorithm,
  demand: Demand,
  row: i32,
  value: i64,
  remainingMs: i64,
): void {
  beginLine(line);
  algorithm.describe(line, demand, row, value);
  line.text(", ").decimal(remainingMs).text(" ms left");
  logLine(LogLevel.Debug, line);
}

/** Logs what a counter holds after a charge of `tokens`. */
export function traceCharge(algorithm: Algorithm, demand: Demand, row: i32, value: i64, tokens: i64): void {
  beginLine(line);
  algorithm.describe(line, demand, row, value);
  line.text(", ").decimal(tokens).text(" of them now");
  logLine(LogLevel.Debug, line);
}
