import type { Attack } from "./attack.ts";

/** Limits that limit nobody. */
export const LIMITS_THAT_LIMIT_NOBODY: readonly Attack[] = [
  [
    "Clients send their key in another header than the rule looks at, and nobody notices.",
    "conformance/unmatched.test.ts",
    "counts a request without a value for any rule, and logs once which credentials it has instead",
  ],
  [
    "A caller that leaves its key out is limited by no rule, although one insists on it.",
    "conformance/unmatched.test.ts",
    "refuses a request with the headers %j when a rule requires x-api-key",
  ],
  [
    "A browser's preflight is rejected when the limit is reached, and its user sees an error of CORS.",
    "conformance/free-calls.test.ts",
    "neither checks nor charges calls that consume nothing: %s %s",
  ],
  [
    "Two rules count in one Redis service with different databases, and silently share the last one.",
    "conformance/overrides.test.ts",
    "refuses two rules with different settings for one Redis service, which the host cannot have",
  ],
  [
    "A password in the wrong field of the configuration is repeated in the log.",
    "unit/config/secrets.test.ts",
    "never repeat a string in place of %s",
  ],
];
