import { logLine, logs } from "../../abi/log";
import { LogLevel } from "../../abi/types";
import { ByteBuilder } from "../../bytes/builder";
import { Counters } from "../../ledger/counters";
import { PREFIX } from "./prefix";

const line = new ByteBuilder(256);

/** Whether anybody reads what the functions below tell. */
export function isTraced(): bool {
  return logs(LogLevel.Debug);
}

/** Tells at level debug what a check has found in a counter, which expires in so many milliseconds. */
export function traceCheck(counters: Counters, index: i32, tokens: i64, remaining: i64): void {
  begin(counters, index, tokens);
  line.text(", ").decimal(remaining).text(" ms left");
  logLine(LogLevel.Debug, line);
}

/** Tells what a charge of `added` tokens has made of a counter. */
export function traceCharge(counters: Counters, index: i32, tokens: i64, added: i64): void {
  begin(counters, index, tokens);
  line.text(", ").decimal(added).text(" of them now");
  logLine(LogLevel.Debug, line);
}

/** Which rule a counter is of, and what it holds; not its key, which holds what the caller sent. */
function begin(counters: Counters, index: i32, tokens: i64): void {
  line.clear();
  line.text(PREFIX);
  const item = counters.item(index);
  if (item < 0) line.text("global_threshold");
  else
    line.text("rule_items[").decimal(item).text("].limit_keys[").decimal(counters.limitKey(index)).text("]");
  line.text(": ").decimal(tokens).text(" of ").decimal(counters.threshold(index));
  line.text(" tokens per ").decimal(counters.window(index)).text(" s used");
}
