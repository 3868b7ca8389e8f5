import { mask, readCounterName } from "../decisions/counter-key.ts";
import type { WindowReading } from "../decisions/record.ts";

/** A counter as the page shows it. */
export interface CounterView {
  readonly id: number;
  readonly rule: string;
  /** The caller, masked; "" for a counter that all share. */
  readonly caller: string;
  readonly limitBy: string;
  readonly kind: string;
  readonly seconds: number;
  readonly unit: string;
  readonly limit: number;
  readonly used: number;
  readonly held: number;
  /** When it will be empty, or have room again; milliseconds since the epoch, 0 if nothing has begun. */
  readonly resetAt: number;
}

interface Counter {
  readonly key: string;
  view: CounterView;
  seenAt: number;
}

/** Counters that nobody has touched for so long are left out, once their window is over. */
const FORGOTTEN_MS = 10 * 60 * 1000;

/** What each counter holds, as far as calls through this gateway have told; bounded in number. */
export class Counters {
  private readonly byKey = new Map<string, Counter>();
  private readonly byId = new Map<number, Counter>();
  private readonly changed = new Set<number>();
  private readonly gone = new Set<number>();
  private nextId = 1;

  constructor(
    private readonly now: () => number,
    private readonly maxCounters = 5000,
  ) {}

  /** Takes over what a decision has read. @returns the counter's number */
  read(key: string, reading: WindowReading): number {
    const known = this.byKey.get(key);
    const now = this.now();
    const view: CounterView = {
      id: known?.view.id ?? this.nextId++,
      rule: reading.rule,
      caller: mask(readCounterName(key)?.caller ?? ""),
      limitBy: readCounterName(key)?.limitBy ?? "",
      ...{ kind: reading.kind, seconds: reading.seconds, unit: reading.unit, limit: reading.limit },
      ...{ used: reading.used, held: reading.held },
      resetAt: reading.resetSeconds > 0 ? now + reading.resetSeconds * 1000 : 0,
    };
    const counter = { key, view, seenAt: now };
    // The one that was seen last is last, so the first is the one to forget.
    this.byKey.delete(key);
    this.byKey.set(key, counter);
    this.byId.set(view.id, counter);
    this.changed.add(view.id);
    if (this.byKey.size > this.maxCounters) this.forget(this.byKey.values().next().value);
    return view.id;
  }

  /** What Redis has been told to change. */
  replace(id: number, used: number): void {
    const counter = this.byId.get(id);
    if (counter === undefined) return;
    counter.view = { ...counter.view, used: Math.max(0, used), ...(used <= 0 ? { resetAt: 0 } : {}) };
    this.changed.add(id);
  }

  keyOf(id: number): string | undefined {
    return this.byId.get(id)?.key;
  }

  /** The counters of the caller with exactly this value. */
  find(value: string): number[] {
    const bytes = Buffer.from(value).toString("latin1");
    return [...this.byKey.values()]
      .filter(({ key }) => isOf(readCounterName(key)?.caller ?? "", bytes))
      .map(({ view }) => view.id);
  }

  all(): CounterView[] {
    return [...this.byKey.values()].map(({ view }) => view);
  }

  /** What has changed since this was asked last. */
  takeChanges(): { changed: CounterView[]; gone: number[] } {
    for (const counter of this.byKey.values()) {
      if (counter.seenAt + FORGOTTEN_MS > this.now()) break;
      if (counter.view.resetAt <= this.now()) this.forget(counter);
    }
    const changed = [...this.changed].flatMap((id) => this.byId.get(id)?.view ?? []);
    const gone = [...this.gone];
    this.changed.clear();
    this.gone.clear();
    return { changed, gone };
  }

  private forget(counter: Counter | undefined): void {
    if (counter === undefined) return;
    this.byKey.delete(counter.key);
    this.byId.delete(counter.view.id);
    this.changed.delete(counter.view.id);
    this.gone.add(counter.view.id);
  }
}

function isOf(caller: string, value: string): boolean {
  return caller === value || caller === `Bearer ${value}`;
}
