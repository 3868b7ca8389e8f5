import "../../../assembly/abi/abort";
import { bytesOf } from "../../../assembly/bytes/bytes";
import { globalCounterKey, ruleCounterKey } from "../../../assembly/limiter/counter-key";
import { Counters } from "../../../assembly/limiter/counters";
import { judge } from "../../../assembly/limiter/verdict";

export function globalKey(rule: string, tagged: bool, window: i32): string {
  return String.UTF8.decode(globalCounterKey(bytesOf(rule), tagged, window));
}

export function ruleKey(
  rule: string,
  tagged: bool,
  by: string,
  window: i32,
  name: string,
  value: string,
): string {
  const key = ruleCounterKey(bytesOf(rule), tagged, bytesOf(by), window, bytesOf(name), bytesOf(value));
  return String.UTF8.decode(key);
}

/** [allowed, reset, retry after, unreadable] for counters of these windows and thresholds. */
export function verdict(windows: i32[], thresholds: i64[], tokens: i64[], remaining: i64[]): i64[] {
  const counters = new Counters();
  for (let i = 0; i < windows.length; ++i) counters.add(bytesOf(i.toString()), windows[i], thresholds[i]);
  const v = judge(counters, StaticArray.fromArray(tokens), StaticArray.fromArray(remaining));
  return [v.allowed ? 1 : 0, v.resetSeconds, v.retryAfterSeconds, v.unreadable];
}

/** "key=threshold" of each counter, after adding all pairs. */
export function merged(keys: string[], thresholds: i64[]): string[] {
  const counters = new Counters();
  for (let i = 0; i < keys.length; ++i) counters.add(bytesOf(keys[i]), 60, thresholds[i]);
  const out: string[] = [];
  for (let i = 0; i < counters.length; ++i) {
    out.push(String.UTF8.decode(counters.keys[i]) + "=" + counters.thresholds[i].toString());
  }
  return out;
}
