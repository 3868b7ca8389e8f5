import { OUTCOMES, type DecisionOutcome } from "../decisions/record.ts";

/** What happened in one second. */
export interface Point {
  /** Seconds since the epoch. */
  readonly at: number;
  readonly tokens: number;
  readonly calls: Readonly<Record<DecisionOutcome, number>>;
  /** Milliseconds that Redis took; `null` if it was not asked. */
  readonly redisP50: number | null;
  readonly redisP99: number | null;
  readonly redisFailures: number;
}

/** More latencies than these in a second tell nothing more. */
const MAX_SAMPLES = 2000;

/** Sums by the second, for as long as the charts show. */
export class Series {
  private readonly points: Point[] = [];
  private chargedBefore: number | null = null;
  private calls = noCalls();
  private latencies: number[] = [];
  private failures = 0;

  constructor(private readonly maxPoints = 300) {}

  outcome(outcome: DecisionOutcome): void {
    this.calls[outcome]++;
  }

  redis(ms: number, answered: boolean): void {
    if (!answered) this.failures++;
    else if (this.latencies.length < MAX_SAMPLES) this.latencies.push(ms);
  }

  /** Ends the second. @param charged all tokens that were charged since the start */
  tick(at: number, charged: number): Point {
    const sorted = this.latencies.toSorted((a, b) => a - b);
    const point: Point = {
      at,
      tokens: Math.max(0, charged - (this.chargedBefore ?? charged)),
      calls: this.calls,
      redisP50: quantile(sorted, 0.5),
      redisP99: quantile(sorted, 0.99),
      redisFailures: this.failures,
    };
    this.points.push(point);
    if (this.points.length > this.maxPoints) this.points.shift();
    this.chargedBefore = charged;
    this.failures = 0;
    this.calls = noCalls();
    this.latencies = [];
    return point;
  }

  list(): readonly Point[] {
    return this.points;
  }
}

function noCalls(): Record<DecisionOutcome, number> {
  return Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<DecisionOutcome, number>;
}

function quantile(sorted: readonly number[], share: number): number | null {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return value === undefined ? null : Math.round(value * 100) / 100;
}
