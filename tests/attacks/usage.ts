import type { Attack } from "./attack.ts";

/** What others have used. */
export const USAGE_OF_OTHERS: readonly Attack[] = [
  [
    "Another caller's name beside one's own, in the query or a header that no rule looks at, or before it in the same one.",
    "conformance/usage-path.test.ts",
    "repeats nothing that identifies the caller, and takes nobody for somebody else",
  ],
  [
    "A question that is given up, so that its answer goes to the next request of the same ticket.",
    "conformance/usage-path-order.test.ts",
    "answers nobody any more who has left",
  ],
  [
    "A call whose path only looks like that for usage, so that it is answered, or one for usage that reaches the upstream.",
    "conformance/usage-path.test.ts",
    "leaves %s to the upstream",
  ],
];
