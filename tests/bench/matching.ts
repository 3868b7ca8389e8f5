// What it costs to find the limit of a request, by the number and kind of keys: rules over the request's facts, as the
// filter does it, but without a host.
import { loadHarness, put, type Harness } from "./harness.ts";
import { keysOf, KINDS, type Kind } from "./keys.ts";
import { measure, spreadOf, type Effort, type Spread, type Subject } from "./measure.ts";

interface MatchHarness extends Harness {
  configure(ptr: number, size: number): number;
  addValue(ptr: number, size: number): void;
  match(times: number): number;
}

export interface MatchCost {
  kind: Kind;
  keys: number;
  /** Nanoseconds per request. */
  cost: Spread;
}

const SIZES = [10, 100, 1_000, 10_000] as const;
/** Different requests, in turns, so that not one key stays in the processor's cache. */
const REQUESTS = 1_024;

export async function measureMatching(
  effort: Effort,
  sizes: readonly number[] = SIZES,
): Promise<MatchCost[]> {
  const costs: MatchCost[] = [];
  for (const kind of KINDS) {
    const subjects = await Promise.all(sizes.map((size) => subjectOf(kind, size)));
    const samples = measure(subjects, effort);
    sizes.forEach((keys, i) => costs.push({ kind, keys, cost: spreadOf(samples[i]!) }));
  }
  return costs;
}

async function subjectOf(kind: Kind, size: number): Promise<Subject> {
  const harness = await loadHarness<MatchHarness>("matching");
  const { configuration, values } = keysOf(kind, size, REQUESTS);
  const text = Buffer.from(configuration);
  if (!harness.configure(put(harness, text), text.length)) throw new Error(`${kind}: refused`);
  for (const value of values) {
    const bytes = Buffer.from(value);
    harness.addValue(put(harness, bytes), bytes.length);
  }
  harness.collect();
  if (harness.match(REQUESTS) !== REQUESTS) throw new Error(`${kind}: not every request is matched`);
  return { run: (times) => void harness.match(times), settle: () => harness.collect() };
}
