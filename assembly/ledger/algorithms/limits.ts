import { ByteBuilder } from "../../bytes/builder";
import { Algorithm } from "../algorithm";
import { appendUnit, CounterKind, countsRequests, countsTokens } from "../counter-kind";
import { Decision } from "../decision";
import { Demand } from "../demand";
import { appendLimitPath } from "../limit-path";
import { PEEK, SETTLE } from "../lua/scripts";

/**
 * When to try again if only calls in flight are in the way, in milliseconds. Nobody knows when they will end, and most take a few
 * seconds. Official clients try twice by default: with a second each, they would give up before the calls have ended.
 */
const HELD_RETRY_MS: i64 = 5_000;

/**
 * Limits of tokens. By default a window is fixed: a counter per limit, window and caller, which expires one window after its first
 * tokens were counted. The published plugin keeps the same keys, values and expiry, so both may run side by side on one Redis.
 * Other kinds of counters (`counter-kind.ts`) are read by the scripts for holds, which also say when there will be room.
 */
@final
export class Limits extends Algorithm {
  constructor() {
    super(PEEK, SETTLE);
  }

  peekArgument(demand: Demand, row: i32): i64 {
    return demand.windowSeconds(row);
  }

  /**
   * As published, a request is denied when a counter is above its limit, and still admitted when it is equal. A counter that
   * holds no number limits nobody.
   */
  decide(demand: Demand, row: i32, _exists: bool, decision: Decision): void {
    const used = demand.used(row);
    if (used > demand.capacity(row)) decision.exceeded(row, demand.capacity(row), used, demand.resetMs(row));
  }

  decideHold(demand: Demand, row: i32, _exists: bool, asked: i64, decision: Decision): void {
    const capacity = demand.capacity(row);
    const used = demand.used(row);
    const held = demand.held(row);
    const kind = demand.kind(row);
    if (kind == CounterKind.InFlight) {
      if (held >= capacity) decision.exceeded(row, capacity, held, HELD_RETRY_MS);
      return;
    }
    const free = capacity - used - held;
    const needed = countsRequests(kind) ? 1 : max(asked, 1);
    if (free >= needed) return;
    const resetMs = demand.resetMs(row);
    // Reserved tokens may become free before the window ends.
    const mayFree = capacity - used >= needed;
    const retryMs = mayFree ? min(resetMs, HELD_RETRY_MS) : resetMs;
    decision.exceeded(row, capacity, used + held, resetMs, retryMs, needed > capacity);
  }

  amount(tokens: i64): i64 {
    return tokens;
  }

  deniesForSeconds(demand: Demand, row: i32, value: i64): i64 {
    return demand.isEnforced(row) && value > demand.capacity(row) ? demand.windowSeconds(row) : 0;
  }

  excess(demand: Demand, row: i32, value: i64): i64 {
    return countsTokens(demand.kind(row)) ? value - demand.capacity(row) : 0;
  }

  describe(line: ByteBuilder, demand: Demand, row: i32, value: i64): void {
    appendLimitPath(line, demand, row);
    line.text(": ").decimal(value).text(" of ").decimal(demand.capacity(row)).text(" ");
    appendUnit(line, demand.kind(row));
    line.text(" per ").decimal(demand.windowSeconds(row)).text(" s used");
  }
}
