import "../../../assembly/abi/abort";
import { bytesOf } from "../../../assembly/bytes/bytes";
import { ByteBuilder } from "../../../assembly/bytes/builder";
import { appendGlobalCounterKey, appendRuleCounterKey } from "../../../assembly/ledger/counter-key";
import { Counters } from "../../../assembly/ledger/counters";
import { keyChecksum, tagWithChecksum } from "../../../assembly/ledger/hash-slot";
import { appendMarkerKey, MarkerName } from "../../../assembly/ledger/marker";
import { Verdict } from "../../../assembly/ledger/verdict";

export function globalKey(rule: string, tagged: bool, window: i32): string {
  const out = new ByteBuilder();
  appendGlobalCounterKey(out, bytesOf(rule), tagged, window);
  return String.UTF8.decode(out.toBytes());
}

export function ruleKey(
  rule: string,
  tagged: bool,
  by: string,
  window: i32,
  name: string,
  value: string,
): string {
  const out = new ByteBuilder();
  appendRuleCounterKey(out, bytesOf(rule), tagged, bytesOf(by), window, bytesOf(name), bytesOf(value));
  return String.UTF8.decode(out.toBytes());
}

/** The marker of a charge to `counter`, by a name of the answer or of the charge. */
export function markerKey(counter: ArrayBuffer, isAnswer: bool, high: u64, low: u64): string {
  const out = new ByteBuilder();
  const name = isAnswer ? MarkerName.Answer : MarkerName.Charge;
  appendMarkerKey(out, name, changetype<usize>(counter), counter.byteLength, high, low);
  return String.UTF8.decode(out.toBytes());
}

export function checksum(key: ArrayBuffer): u32 {
  return keyChecksum(changetype<usize>(key), key.byteLength);
}

export function tag(checksum: u32): u32 {
  return tagWithChecksum(checksum);
}

/** [allowed, reset, retry after, unreadable] for counters of these windows and thresholds. */
export function verdict(windows: i32[], thresholds: i64[], tokens: i64[], remaining: i64[]): i64[] {
  const v = new Verdict();
  for (let i = 0; i < windows.length; ++i) v.add(windows[i], thresholds[i], tokens[i], remaining[i]);
  return [v.allowed ? 1 : 0, v.resetSeconds, v.retryAfterSeconds, v.unreadable];
}

/** One for all requests, as in the filter. */
const counters = new Counters();

/** "key=threshold" of each counter, after adding all pairs. */
export function merged(keys: string[], thresholds: i64[]): string[] {
  counters.clear();
  for (let i = 0; i < keys.length; ++i) {
    counters.nextKey.text(keys[i]);
    counters.add(60, thresholds[i]);
  }
  const out: string[] = [];
  for (let i = 0; i < counters.length; ++i) {
    out.push(
      String.UTF8.decodeUnsafe(counters.key(i), counters.keySize(i)) + "=" + counters.threshold(i).toString(),
    );
  }
  return out;
}
