import type { StreamState } from "../chain/filter.ts";
import { countersIn, mask, readCounterName } from "../decisions/counter-key.ts";
import { readDecision, type DecisionOutcome, type DecisionRecord } from "../decisions/record.ts";
import { LIMITER } from "../config/own-plugins.ts";
import { maskQuery } from "../http/access-log.ts";
import { Calls, type Call, type CallWindow } from "./call.ts";
import type { Counters } from "./counters.ts";
import type { Series } from "./series.ts";

/** What is known of a call. */
interface Seen {
  readonly id: number;
  readonly at: number;
  /** The counters that the filter has asked Redis about. */
  counters: string[];
  redisMs: number | null;
  call: Call | null;
}

const MAX_PATH = 200;
const MAX_MODEL = 80;
const MAX_WINDOWS = 8;
/** More calls than these, and nobody has looked for long. */
const MAX_CHANGES = 2000;

/** Watches the calls that go through the gateway: what their filter asks Redis, says in its log, and how they end. */
export class Observer {
  readonly calls = new Calls();
  /** Told of each call that has ended and touched counters. */
  onCounted: (counters: readonly string[], stream: StreamState) => void = () => {};
  private readonly seen = new WeakMap<StreamState, Seen>();
  private changes = new Map<number, Call>();
  private nextId = 1;

  constructor(
    private readonly counters: Counters,
    private readonly series: Series,
    private readonly now: () => number,
    /** The model that a request names; "" if that is not known. */
    private readonly modelOf: (stream: StreamState) => string,
  ) {}

  /** The filter asks Redis. @returns to be called with whether there was an answer */
  onRedisCall(stream: StreamState | null, query: Buffer): (answered: boolean) => void {
    const begin = performance.now();
    const seen = stream === null ? null : this.of(stream);
    if (seen?.counters.length === 0) seen.counters = countersIn(query);
    return (answered) => {
      const ms = performance.now() - begin;
      this.series.redis(ms, answered);
      if (seen !== null) seen.redisMs ??= Math.round(ms * 10) / 10;
    };
  }

  /** The filter logs a line. */
  onLine(stream: StreamState | null, line: string): void {
    const decision = stream === null ? null : readDecision(line);
    if (stream === null || decision === null) return;
    const seen = this.of(stream);
    this.keep(seen, { ...this.callOf(stream, seen), ...this.decided(seen, decision) });
  }

  /** The exchange is over. */
  onEnd(stream: StreamState | null, status: number, durationMs: number): void {
    if (stream === null) return;
    const seen = this.of(stream);
    // Without a record, the end of a call tells as much as it can.
    const outcome = seen.call?.outcome ?? outcomeOf(stream, seen.counters);
    if (outcome === null) return;
    this.keep(seen, { ...this.callOf(stream, seen), outcome, status, durationMs: Math.round(durationMs) });
    this.series.outcome(outcome);
    if (seen.counters.length > 0) this.onCounted(seen.counters, stream);
  }

  /** The calls of which something new is known since this was asked last. */
  takeChanges(): Call[] {
    const changes = [...this.changes.values()];
    this.changes = new Map();
    return changes;
  }

  private keep(seen: Seen, call: Call): void {
    seen.call = call;
    this.calls.set(call);
    this.changes.delete(call.id);
    this.changes.set(call.id, call);
    if (this.changes.size > MAX_CHANGES) this.changes.delete(this.changes.keys().next().value ?? 0);
  }

  private of(stream: StreamState): Seen {
    let seen = this.seen.get(stream);
    if (seen === undefined) {
      seen = { id: this.nextId++, at: this.now(), counters: [], redisMs: null, call: null };
      this.seen.set(stream, seen);
    }
    return seen;
  }

  /** What is known of a call whatever its filter says. */
  private callOf(stream: StreamState, seen: Seen): Call {
    const { requestHeaders: headers } = stream;
    const before = seen.call;
    return {
      ...{
        outcome: "unmatched",
        rule: "",
        why: "",
        windows: [],
        estimate: null,
        actual: null,
        charged: null,
      },
      ...{ status: null, durationMs: null },
      ...before,
      id: seen.id,
      at: seen.at,
      method: (headers?.get(":method") ?? "").slice(0, 16),
      path: maskQuery(headers?.get(":path") ?? "").slice(0, MAX_PATH),
      model: before?.model || this.modelOf(stream).slice(0, MAX_MODEL),
      caller: before?.caller || mask(callerOf(seen.counters)),
      redisMs: before?.redisMs ?? seen.redisMs,
    };
  }

  /** What the filter says of it. */
  private decided(seen: Seen, { windows, redisMs, ...said }: DecisionRecord): Partial<Call> {
    const deciding = windows.findIndex(({ rule }) => rule === said.rule);
    const caller = callerOf(seen.counters.slice(Math.max(0, deciding), deciding + 1));
    return {
      ...said,
      ...(caller === "" ? {} : { caller: mask(caller) }),
      ...(redisMs === null ? {} : { redisMs }),
      // As they were when the call was decided on.
      windows: seen.call?.windows.length ? seen.call.windows : this.windowsOf(seen, windows),
    };
  }

  private windowsOf({ counters }: Seen, windows: DecisionRecord["windows"]): CallWindow[] {
    const read = windows.map((window, at) => {
      const key = counters[at];
      return { ...window, counter: key === undefined ? null : this.counters.read(key, window) };
    });
    return read.slice(0, MAX_WINDOWS);
  }
}

/** Of the first counter that has one. */
function callerOf(counters: readonly string[]): string {
  return counters.map((key) => readCounterName(key)?.caller ?? "").find((caller) => caller !== "") ?? "";
}

/** `null` for a call that never got as far as the rate limiter. */
function outcomeOf({ details }: StreamState, counters: readonly string[]): DecisionOutcome | null {
  if (details?.startsWith(`${LIMITER}.`) === true) return "denied";
  if (counters.length > 0) return "allowed";
  return details === "via_upstream" ? "unmatched" : null;
}
