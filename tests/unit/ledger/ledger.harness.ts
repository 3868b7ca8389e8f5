import "../../../assembly/abi/abort";
import { bytesOf } from "../../../assembly/bytes/bytes";
import { ByteBuilder } from "../../../assembly/bytes/builder";
import { CounterKind, Unit } from "../../../assembly/ledger/counter-kind";
import { appendGlobalCounterKey, appendRuleCounterKey } from "../../../assembly/ledger/keys";
import { Window } from "../../../assembly/ledger/limit";
import { Demand } from "../../../assembly/ledger/demand";
import { tightestOf } from "../../../assembly/ledger/tightest";
import { keyChecksum, tagWithChecksum } from "../../../assembly/ledger/hash-slot";
import { Limits } from "../../../assembly/ledger/algorithms/limits";
import { readPeek } from "../../../assembly/ledger/peek";
import { Reply, ReplyKind } from "../../../assembly/redis/reply";
import { appendHoldsKey, appendMarkerKey, MarkerName } from "../../../assembly/ledger/marker";
import { Decision, Outcome } from "../../../assembly/ledger/decision";

export function globalKey(rule: string, tagged: bool, window: i32): string {
  const out = new ByteBuilder();
  appendGlobalCounterKey(out, bytesOf(rule), tagged, new Window(CounterKind.FixedWindow, window, 1, 1));
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
  appendRuleCounterKey(
    out,
    bytesOf(rule),
    tagged,
    bytesOf(by),
    new Window(CounterKind.FixedWindow, window, 1, 1),
    bytesOf(name),
    bytesOf(value),
  );
  return String.UTF8.decode(out.toBytes());
}

/** The marker of a charge to `counter`, by a name of the answer or of the charge. */
export function markerKey(counter: ArrayBuffer, isAnswer: bool, high: u64, low: u64): string {
  const out = new ByteBuilder();
  const name = isAnswer ? MarkerName.Answer : MarkerName.Charge;
  appendMarkerKey(out, name, changetype<usize>(counter), counter.byteLength, high, low);
  return String.UTF8.decode(out.toBytes());
}

/** The key of the holds on `counter`. */
export function holdsKey(counter: ArrayBuffer): string {
  const out = new ByteBuilder();
  appendHoldsKey(out, changetype<usize>(counter), counter.byteLength);
  return String.UTF8.decode(out.toBytes());
}

export function checksum(key: ArrayBuffer): u32 {
  return keyChecksum(changetype<usize>(key), key.byteLength);
}

export function tag(checksum: u32): u32 {
  return tagWithChecksum(checksum);
}

/** The reply of peek.lua: the counter of each row, null for none, and its remaining milliseconds. */
function replyOf(tokens: i64[], remaining: i64[]): Reply {
  const reply = new Reply();
  reply.begin(ReplyKind.Array);
  for (let i = 0; i < tokens.length; ++i) {
    reply.add(ReplyKind.Bulk, tokens[i]);
    reply.add(ReplyKind.Integer, remaining[i]);
  }
  return reply;
}

/** [denied, row, capacity, used, reset, retry after, unreadable] for counters of these windows and capacities. */
export function decision(windows: i32[], capacities: i64[], tokens: i64[], remaining: i64[]): i64[] {
  const demand = new Demand();
  demand.clear();
  for (let i = 0; i < windows.length; ++i) {
    demand.nextKey.decimal(i);
    demand.add(windows[i], capacities[i]);
  }
  demand.keep();
  const d = new Decision(demand);
  const unreadable = readPeek(replyOf(tokens, remaining), new Limits(), demand, d);
  const denied: i64 = d.outcome == Outcome.Deny ? 1 : 0;
  return [denied, d.row, d.capacity, d.used, d.resetSeconds, d.retryAfterSeconds, unreadable];
}

/** [used, held, milliseconds left, remaining] of a counter with this limit of which this was read. */
export function reading(capacity: i64, value: i64, held: i64, leftMs: i64): i64[] {
  const demand = new Demand();
  demand.clear();
  demand.add(60, capacity);
  demand.keep();
  demand.setReading(0, value, held, leftMs);
  return [demand.used(0), demand.held(0), demand.leftMs(0), demand.remaining(0)];
}

/** The row with the smallest share left, of counters with these limits that have so much used and held. */
export function tightest(capacities: i64[], used: i64[], held: i64[]): i32 {
  const demand = new Demand();
  demand.clear();
  for (let i = 0; i < capacities.length; ++i) {
    demand.nextKey.decimal(i);
    demand.add(60, capacities[i]);
  }
  demand.keep();
  for (let i = 0; i < capacities.length; ++i) demand.setReading(i, used[i], held[i], 1000);
  return tightestOf(demand, Unit.Tokens);
}

/** One for all requests, as in the filter. */
const demand = new Demand();

/** "key=threshold" of each counter, after adding all pairs. */
export function merged(keys: string[], thresholds: i64[]): string[] {
  demand.clear();
  for (let i = 0; i < keys.length; ++i) {
    demand.nextKey.text(keys[i]);
    demand.add(60, thresholds[i]);
  }
  const out: string[] = [];
  for (let i = 0; i < demand.length; ++i) {
    out.push(
      String.UTF8.decodeUnsafe(demand.key(i), demand.keySize(i)) + "=" + demand.capacity(i).toString(),
    );
  }
  return out;
}
