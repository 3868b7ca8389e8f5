import type { DecisionOutcome, Amounts, WindowReading } from "../decisions/record.ts";

/** A counter as a call found it. */
export interface CallWindow extends WindowReading {
  /** The counter, by its number on the page; `null` for one that the gateway has not seen. */
  readonly counter: number | null;
}

/** A call as the page shows it: without any value of its caller, and of bounded size. */
export interface Call {
  readonly id: number;
  /** When it was decided on, in milliseconds since the epoch. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly model: string;
  /** The caller, masked; "" if no counter names one. */
  readonly caller: string;
  readonly outcome: DecisionOutcome;
  readonly rule: string;
  readonly why: string;
  readonly windows: readonly CallWindow[];
  readonly estimate: Amounts | null;
  readonly actual: Amounts | null;
  readonly charged: number | null;
  readonly redisMs: number | null;
  /** Of the response; `null` while the call runs, and 0 if there was none. */
  readonly status: number | null;
  readonly durationMs: number | null;
}

/** The latest calls, bounded in number and in bytes. */
export class Calls {
  private readonly latest = new Map<number, { call: Call; size: number }>();
  private size = 0;

  constructor(
    private readonly maxCalls = 500,
    private readonly maxBytes = 1024 * 1024,
  ) {}

  /** Adds a call, or replaces what was known of it. */
  set(call: Call): void {
    this.size -= this.latest.get(call.id)?.size ?? 0;
    const size = JSON.stringify(call).length;
    this.latest.set(call.id, { call, size });
    this.size += size;
    for (const [id, oldest] of this.latest) {
      if (this.latest.size <= this.maxCalls && this.size <= this.maxBytes) break;
      this.latest.delete(id);
      this.size -= oldest.size;
    }
  }

  /** The oldest one first. */
  list(): Call[] {
    return [...this.latest.values()].map(({ call }) => call);
  }
}
