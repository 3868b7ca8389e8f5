import { beginLine, logLine, logs } from "../abi/log";
import { LogLevel } from "../abi/types";
import { ByteBuilder } from "../bytes/builder";
import { Demand } from "./demand";

const line = new ByteBuilder(256);

/** Whether anybody reads what the functions below tell. */
export function isTraced(): bool {
  return logs(LogLevel.Debug);
}

/** Tells at level debug what was found in a counter, which expires in so many milliseconds. */
export function tracePeek(demand: Demand, row: i32, tokens: i64, remainingMs: i64): void {
  begin(demand, row, tokens);
  line.text(", ").decimal(remainingMs).text(" ms left");
  logLine(LogLevel.Debug, line);
}

/** Tells what a charge of `added` tokens has made of a counter. */
export function traceCharge(demand: Demand, row: i32, tokens: i64, added: i64): void {
  begin(demand, row, tokens);
  line.text(", ").decimal(added).text(" of them now");
  logLine(LogLevel.Debug, line);
}

/** Which rule a counter is of, and what it holds; not its key, which holds what the caller sent. */
function begin(demand: Demand, row: i32, tokens: i64): void {
  beginLine(line);
  const item = demand.item(row);
  if (item < 0) line.text("global_threshold");
  else line.text("rule_items[").decimal(item).text("].limit_keys[").decimal(demand.limitKey(row)).text("]");
  line.text(": ").decimal(tokens).text(" of ").decimal(demand.capacity(row));
  line.text(" tokens per ").decimal(demand.windowSeconds(row)).text(" s used");
}
