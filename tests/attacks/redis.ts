import type { Attack } from "./attack.ts";

/** Redis in the cloud. */
export const REDIS_IN_THE_CLOUD: readonly Attack[] = [
  [
    "a proxy in front of Redis that refuses scripts whose keys it cannot read, so that every request passes",
    "lua/proxy.test.ts",
    "finds every key of the scripts for %i counters spelled out",
  ],
  [
    "a value that leads the marker of its charge to another slot than its counter",
    "unit/ledger/marker.test.ts",
    "stands in the slot of its counter in a Redis Cluster, whatever the counter is called",
  ],
];
