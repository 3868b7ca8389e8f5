import type { Attack } from "./attack.ts";

/** Accounts of others. */
export const ACCOUNTS_OF_OTHERS: readonly Attack[] = [
  [
    "Another's name in a query for one's own balance: twice, encoded, behind a semicolon or a `#`, in another case.",
    "conformance/quota-neighbours.test.ts",
    "tells a consumer who asks for …/quota%s no balance but its own",
  ],
  [
    "The administrator's name in front of one's own, in one line with it, or with a blank that looks like none.",
    "conformance/quota-neighbours.test.ts",
    "takes the consumer %j for the last one, who is the administrator only with that exact name",
  ],
  [
    "A name with line ends, NUL or braces, which is a command to Redis or leads to another's key.",
    "conformance/quota-neighbours.test.ts",
    "keeps the balance of %j at a key of its own",
  ],
  [
    "A link whose query has the administrator's form set another balance, or another amount.",
    "conformance/quota-neighbours.test.ts",
    "…/refresh%s with the form %j sets no balance but that of the form",
  ],
  [
    "An error of Redis, with its addresses, in the answer to a consumer who asks for its own balance.",
    "conformance/quota-neighbours.test.ts",
    "does not tell a consumer what Redis says when it reads its own balance",
  ],
  [
    "A request that follows an administrator's who has left in the middle of a form, and gets what is left of its rights.",
    "conformance/quota-neighbours.test.ts",
    "treats each request as if it were alone, in whatever order many go on",
  ],
];
