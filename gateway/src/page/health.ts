import type { Registry } from "prom-client";

/** A metric of the filter, or of the gateway itself, as the page judges it. */
export interface HealthRow {
  readonly name: string;
  readonly value: number;
  /** Whether it says that something is wrong if it is not 0. */
  readonly isTrouble: boolean;
}

/** The ends of names that nobody wants to see grow. */
const TROUBLE =
  /(?:lost_tokens|unchecked_requests|redis_failures_\w+|traps_total|unreadable_responses|compressed_responses)$/;
/** Metrics by route or caller are too many, and answer other questions. */
const MAX_ROWS = 80;

/** What the metrics say about the health of the filter, its Redis and its outbox: sums over all labels. */
export async function readHealth(registry: Registry, pluginPrefix: string): Promise<HealthRow[]> {
  const metrics = await registry.getMetricsAsJSON();
  const rows = metrics.flatMap(({ name, type, values }): HealthRow[] => {
    const isOurs = name.includes(pluginPrefix.replaceAll("-", "_")) || name === "gateway_wasm_traps_total";
    if (!isOurs || name.startsWith("route_") || String(type) === "histogram") return [];
    const value = (values as readonly { value: number }[]).reduce((sum, sample) => sum + sample.value, 0);
    return [{ name, value, isTrouble: TROUBLE.test(name) }];
  });
  return rows
    .toSorted((a, b) => Number(b.isTrouble) - Number(a.isTrouble) || (a.name < b.name ? -1 : 1))
    .slice(0, MAX_ROWS);
}
