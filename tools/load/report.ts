// What a run of `make load` has found, as text.
import type { Environment } from "../bench/environment.ts";
import type { Spread } from "../bench/measure.ts";
import { table } from "../bench/table.ts";
import { MANY } from "./gateways.ts";
import type { LoadResult } from "./run.ts";

export interface LoadReport extends Environment {
  readonly envoy: string;
  readonly rounds: number;
  readonly results: readonly LoadResult[];
}

const spread = (value: Spread | undefined): string =>
  value ? `${value.median.toFixed(0)} (${value.p10.toFixed(0)}-${value.p90.toFixed(0)})` : "-";
const milliseconds = ({ median }: Spread): string => median.toFixed(2);

export function text({ commit, machine, envoy, rounds, results }: LoadReport): string {
  const rows = results.map(({ name, requestsPerSecond, p50, p99, processor, added, aloneP50, aloneP99 }) => [
    name,
    spread(requestsPerSecond),
    milliseconds(p50),
    milliseconds(p99),
    spread(processor),
    spread(added),
    milliseconds(aloneP50),
    milliseconds(aloneP99),
  ]);
  const columns = ["gateway", "requests/s", "p50", "p99", "processor us", "added", "alone: p50", "p99"];
  return [
    `ai-token-ratelimit ${commit} in Envoy ${envoy}, on ${machine.cpu}, ${machine.cores} cores, which all processes share`,
    `Medians of ${rounds} rounds, and in brackets the 10th and the 90th percentile. First ${MANY} connections, and the`,
    "processor time of the gateway for one request, in microseconds; then one connection alone. p50 and p99 in ms.",
    "",
    table(columns, rows),
    "",
  ].join("\n");
}
