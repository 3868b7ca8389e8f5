// What the filter asks Redis about counters that are no plain strings.
import { REDIS } from "../support/filter.ts";
import { held } from "../support/hold-commands.ts";
import type { RedisCommand, StrictHost } from "../support/strict-host.ts";

/** A configuration that limits each value of x-api-key. */
export const config = (limit: object, more: object = {}): object => ({
  rule_name: "r",
  rule_items: [{ limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", ...limit }] }],
  redis: REDIS,
  ...more,
});
export { LAPSES_AT_MS } from "../support/hold-commands.ts";
/** The reply to a check that admits a call. */
export const granted = held(0);

/** The counters of a command, and its other arguments. */
export function parse(command: RedisCommand): { counters: string[]; values: string[] } {
  const args = command.args.map(String);
  const count = Number(args[2]);
  const keys = args.slice(3, 3 + count);
  return { counters: keys.filter((_, i) => i % 2 === 0).slice(0, -1), values: args.slice(3 + count, -1) };
}

/** For each row of a check: its kind, and its limit. */
export const rowsOf = (host: StrictHost): string[] => parse(host.pending[0]!).values.slice(11);
