import type { Attack } from "./attack.ts";

/** Balances that are not spent. */
export const BALANCES_NOT_SPENT: readonly Attack[] = [
  [
    "A path behind which a line end, a blank or a NUL stands, which some servers take for a path that is checked.",
    "conformance/quota-paths.test.ts",
    "checks a call to %s when endings are listed",
  ],
  [
    "A path with `..` behind an empty segment, an encoded slash or an encoded `..`, of which servers remove different segments.",
    "conformance/quota-paths.test.ts",
    "checks a call to %s when endings are listed",
  ],
  [
    "An encoded `?` in front of a real `#`, or a slash within a parameter, which some servers drop and others do not.",
    "conformance/quota-paths.test.ts",
    "checks each call that one of many servers takes for a listed path",
  ],
  [
    "A body that ends with trailers, so that its end is not noticed and the call passes unchecked.",
    "conformance/quota-calls.test.ts",
    "asks before it lets a call pass whose body is held and ends with trailers",
  ],
  [
    "Batches without a balance, whose results are never fetched, so that nobody pays for them.",
    "conformance/quota-calls.test.ts",
    "lets nobody create a batch at %s without a balance, and charges nothing for creating one",
  ],
];
