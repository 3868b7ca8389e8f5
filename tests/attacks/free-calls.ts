import type { Attack } from "./attack.ts";

/** Calls that pass for free ones. */
export const CALLS_THAT_PASS_FOR_FREE: readonly Attack[] = [
  [
    "A free endpoint behind a version that is not the first, or behind the name of a call.",
    "unit/request/free-endpoints.test.ts",
    "is not: %s",
  ],
  [
    "A path that looks like a free endpoint, and is a call of a model to the upstream.",
    "unit/request/free-endpoints.test.ts",
    "is not: %s",
  ],
  [
    "A GET that is a call to the upstream, by a header, a parameter, a body, an upgrade or its path, escaped or not.",
    "unit/request/free-endpoints.test.ts",
    "is not when it has %s: %s %s",
  ],
];
