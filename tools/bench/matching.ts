// What it costs to find the limit of a request, by the number and kind of keys: alone (rules over the request's facts,
// without a host), and as part of an allowed request, with the garbage collections that a large configuration makes
// longer.
import { dialectOf } from "./dialect.ts";
import { loadHarness, put, type Harness } from "./harness.ts";
import { BenchHost } from "./host.ts";
import { ADDRESS_HEADER, KEY_HEADER, keysOf, KINDS, type Kind } from "./keys.ts";
import { measure, spreadOf, type Effort, type Spread, type Subject } from "./measure.ts";
import { play, prepare, SCENARIOS, THRESHOLD } from "./scenarios.ts";
import { Values } from "./values.ts";

interface MatchHarness extends Harness {
  configure(ptr: number, size: number): number;
  addValue(ptr: number, size: number): void;
  match(times: number): number;
}

export interface MatchCost {
  kind: Kind;
  keys: number;
  /** Of the match alone, in nanoseconds. */
  match: Spread;
  /** Of a whole allowed request on the lean host, in nanoseconds. */
  request: Spread;
}

const SIZES = [10, 100, 1_000, 10_000] as const;
const ALLOWED = SCENARIOS[0]!;
/** Different requests, in turns, so that not one key stays in the processor's cache. */
const REQUESTS = 1_024;

export async function measureMatching(
  module: WebAssembly.Module,
  effort: Effort,
  sizes: readonly number[] = SIZES,
): Promise<MatchCost[]> {
  const costs: MatchCost[] = [];
  for (const kind of KINDS) {
    const matches = await Promise.all(sizes.map((size) => matchOf(kind, size)));
    const requests = await Promise.all(sizes.map((size) => requestOf(module, kind, size)));
    const [match, request] = [measure(matches, effort), measure(requests, effort)];
    sizes.forEach((keys, i) =>
      costs.push({ kind, keys, match: spreadOf(match[i]!), request: spreadOf(request[i]!) }),
    );
  }
  return costs;
}

async function matchOf(kind: Kind, size: number): Promise<Subject> {
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

async function requestOf(module: WebAssembly.Module, kind: Kind, size: number): Promise<Subject> {
  const host = await BenchHost.load(module);
  const { configuration, values } = keysOf(kind, size, REQUESTS);
  prepare(host, configuration);
  const scenarios = values.map((value) => {
    const entries = { ...ALLOWED.request.entries, [KEY_HEADER]: value, [ADDRESS_HEADER]: value };
    return { ...ALLOWED, request: new Values(entries) };
  });
  const redis = dialectOf([], THRESHOLD);
  let id = 1;
  const { commands } = host.record();
  play(host, scenarios[0]!, redis, ++id);
  host.stop();
  if (commands.length !== 2) throw new Error(`${kind}: the request is not charged`);
  return {
    run: (times) => {
      for (let i = 0; i < times; ++i) play(host, scenarios[++id % REQUESTS]!, redis, id);
    },
  };
}
