// What the filter asks Redis about counters that are no plain strings.
import { array, REDIS } from "../support/filter.ts";
import type { RedisCommand, StrictHost } from "../support/strict-host.ts";

/** A configuration that limits each value of x-api-key. */
export const config = (limit: object, more: object = {}): object => ({
  rule_name: "r",
  rule_items: [{ limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", ...limit }] }],
  redis: REDIS,
  ...more,
});
export const LAPSES_AT_MS = 1_800_000_600_000;
/** The reply to a check that admits a call. */
export const granted = array("0", String(LAPSES_AT_MS));

/** The counters of a command, and its other arguments. */
export function parse(command: RedisCommand): { counters: string[]; values: string[] } {
  const args = command.args.map(String);
  const count = Number(args[2]);
  const keys = args.slice(3, 3 + count);
  return { counters: keys.filter((_, i) => i % 2 === 0).slice(0, -1), values: args.slice(3 + count, -1) };
}

/** For each row of a check: its kind, and its limit. */
export const rowsOf = (host: StrictHost): string[] => parse(host.pending[0]!).values.slice(9);
