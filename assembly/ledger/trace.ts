import { beginLine, logLine, logs } from "../abi/log";
import { LogLevel } from "../abi/types";
import { ByteBuilder } from "../bytes/builder";
import { Demand } from "./demand";

const line = new ByteBuilder(256);

/** Whether the host logs at level debug, so that the functions below are worth calling. */
export function isTraced(): bool {
  return logs(LogLevel.Debug);
}

/** Logs what a counter holds, and when it expires. */
export function tracePeek(demand: Demand, row: i32, tokens: i64, remainingMs: i64): void {
  begin(demand, row, tokens);
  line.text(", ").decimal(remainingMs).text(" ms left");
  logLine(LogLevel.Debug, line);
}

/** Logs what a counter holds after a charge of `added` tokens. */
export function traceCharge(demand: Demand, row: i32, tokens: i64, added: i64): void {
  begin(demand, row, tokens);
  line.text(", ").decimal(added).text(" of them now");
  logLine(LogLevel.Debug, line);
}

/** Begins the line: the rule a counter belongs to, and what it holds. Never its key, which contains what the caller sent. */
function begin(demand: Demand, row: i32, tokens: i64): void {
  beginLine(line);
  const item = demand.item(row);
  if (item < 0) line.text("global_threshold");
  else line.text("rule_items[").decimal(item).text("].limit_keys[").decimal(demand.limitKey(row)).text("]");
  line.text(": ").decimal(tokens).text(" of ").decimal(demand.capacity(row));
  line.text(" tokens per ").decimal(demand.windowSeconds(row)).text(" s used");
}
