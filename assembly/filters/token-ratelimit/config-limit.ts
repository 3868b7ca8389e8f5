import { Fields } from "../../config/fields";
import { CounterKind } from "../../ledger/counter-kind";
import { LimitTable, WINDOWS } from "../../ledger/limit-table";

/** The fields of windows, in ascending order of their length. */
const WINDOW_FIELDS: string[] = [
  "token_per_second",
  "token_per_minute",
  "token_per_hour",
  "token_per_day",
  "token_per_week",
  "token_per_month",
];
const IN_FLIGHT = "in_flight";
const BURST = "burst";
/** The fields of a limit. */
export const LIMIT_FIELDS: string[] = WINDOW_FIELDS.concat([IN_FLIGHT, BURST]);

/** The field with the kind of counters. */
export const ALGORITHM = "algorithm";
/** By `CounterKind`. */
const ALGORITHMS: string[] = ["fixed_window", "sliding_window", "token_bucket"];

/** The largest number that scripts in Redis count exactly: their numbers are doubles. */
const MOST_TOKENS: i64 = 1 << 53;

/** The tokens of the limit that is being read. */
const tokens = new StaticArray<i64>(WINDOWS);
/** The number of counters of the limit that was read last. */
export let counterCount: i32 = 0;

/** Reads `algorithm`. @param fallback if it is missing */
export function readAlgorithm(fields: Fields, fallback: CounterKind): CounterKind {
  return fields.has(ALGORITHM) ? <CounterKind>fields.choice(ALGORITHM, ALGORITHMS) : fallback;
}

/**
 * Reads the limits of an object. All of them apply; the published plugin uses a random one.
 * @param algorithm of its windows
 * @returns the number of the limit in `limits`
 */
export function readLimit(fields: Fields, limits: LimitTable, algorithm: CounterKind): i32 {
  let windowCount = 0;
  for (let i = 0; i < WINDOWS; ++i) {
    const value = fields.get(WINDOW_FIELDS[i]);
    tokens[i] = value === null ? 0 : fields.integerOf(WINDOW_FIELDS[i], value, 1, MOST_TOKENS);
    if (value !== null) ++windowCount;
  }
  const calls = fields.get(IN_FLIGHT);
  const inFlight = calls === null ? 0 : fields.integerOf(IN_FLIGHT, calls, 1, MOST_TOKENS);
  counterCount = windowCount + (inFlight > 0 ? 1 : 0);
  if (counterCount == 0) fields.problems.error(fields.path, "needs at least one token_per_* or in_flight");
  return limits.add(tokens, algorithm, readBurst(fields, algorithm, windowCount), inFlight);
}

/** `burst`: what a full bucket holds; 0 for what it gets back in its time. */
function readBurst(fields: Fields, algorithm: CounterKind, windowCount: i32): i64 {
  const burst = fields.get(BURST);
  if (burst === null) return 0;
  if (algorithm == CounterKind.TokenBucket && windowCount == 1)
    return fields.integerOf(BURST, burst, 1, MOST_TOKENS);
  fields.problems.error(fields.at(BURST), "needs algorithm token_bucket and exactly one token_per_*");
  return 0;
}
