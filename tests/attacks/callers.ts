import type { Attack } from "./attack.ts";

/** Callers who are not counted, or counted as somebody else. */
export const CALLERS_NOT_COUNTED: readonly Attack[] = [
  [
    "Blanks around a URL parameter, each spelling of which has a counter of its own.",
    "unit/request/query.test.ts",
    "reads as URLSearchParams does, but for blanks at the ends, whatever the bytes",
  ],
  [
    "A client behind a trusted proxy that calls itself `unknown`, and is nobody.",
    "conformance/identity.test.ts",
    "takes the peer as the client if no trusted proxy names one",
  ],
  [
    "Blanks around an API key: a new counter for each number of them, or no exact key; the upstream trims them.",
    "conformance/identity.test.ts",
    "ignores blanks around a header's value",
  ],
  [
    "Blanks that only some languages trim: no-break spaces, in UTF-8 and in ISO 8859-1.",
    "unit/request/header.test.ts",
    "%j is %j",
  ],
  [
    "A cookie in the second `cookie` line of HTTP/1.1.",
    "conformance/identity.test.ts",
    "reads the cookies in all lines",
  ],
  [
    "Two lines of an address list that the proxy does not merge, so that the invented one is read alone.",
    "conformance/identity.test.ts",
    "reads the addresses in all lines as one list",
  ],
  [
    "Another key before the real one, in a header, parameter or cookie that is sent twice.",
    "conformance/identity.test.ts",
    "refuses a request with two values of %s (%s %s, %j)",
  ],
  [
    "Another key in another place: junk in `authorization`, the real one in `x-api-key`, or where only LiteLLM or Azure looks.",
    "conformance/identity.test.ts",
    "refuses a request with two keys: %s, %j",
  ],
  [
    "The same key with another scheme, or in another header, or in the URL: a counter for each.",
    "conformance/identity.test.ts",
    "counts the key %j, wherever it is: %j",
  ],
  [
    "A signature in place of a key, which differs with each request.",
    "conformance/identity.test.ts",
    "counts the key %j, wherever it is: %j",
  ],
  [
    "A colon in one value, so that two values look like those of another caller.",
    "conformance/match.test.ts",
    "keeps combinations apart, whatever callers put into the values",
  ],
  [
    "A cheap model beside the dear one that is used: twice in the body, in a header, in the query.",
    "conformance/models.test.ts",
    "refuses a body with two models",
  ],
  [
    "A cheap model in the body and the dear one in the query, which LiteLLM believes.",
    "conformance/models.test.ts",
    "refuses a call that names different models in its query and its body, since servers differ in which they use",
  ],
  [
    "A cheap model in the body where the server takes that of the path: LiteLLM's engines, Hugging Face, Cloudflare, SageMaker, KServe.",
    "conformance/models.test.ts",
    "does not know the model of the path %s, which servers may read differently, or do not find in the body",
  ],
  [
    "A cheap model that fails, and the dear one to fall back on; or a list of models, all of which LiteLLM calls.",
    "conformance/model-weights.test.ts",
    "charges %d for %s %j, without holding the body",
  ],
  [
    "A deployment whose name has a slash, of which only the first half is looked at.",
    "conformance/models.test.ts",
    "takes %s from the path %s, without holding the body",
  ],
  [
    "A model that the filter cannot read, though some server can: escapes, another letter case, no JSON, a body that is too long.",
    "conformance/models.test.ts",
    "counts a model that is not known as the first key's",
  ],
  [
    "A cheap model in the header that only the router should set.",
    "conformance/models.test.ts",
    "believes a header only if it is configured",
  ],
  [
    "A consumer of one's own, before the one that authentication adds.",
    "conformance/identity.test.ts",
    "takes the consumer that was added last",
  ],
  [
    "More header lines than the host tells, so that it tells none.",
    "conformance/identity.test.ts",
    "never lets a caller pass whose header list the host cuts, empties or garbles",
  ],
  [
    "`bearer k`, `Bearer  k`, a tab, Base64 in other words: one credential, many counters.",
    "unit/request/credentials.test.ts",
    "%j are %j",
  ],
  [
    '`Bearer Bearer k`, `Bearer "k"`, `Bearer k,`, `Bearer k;x=1`, or a second token beside the first: one credential, many counters.',
    "unit/request/credentials.test.ts",
    "%j are %j",
  ],
  [
    "A cookie with blanks beside its `=`, in quotes, percent-encoded, or behind a comma.",
    "unit/request/cookie.test.ts",
    "is found in all lines",
  ],
  [
    "A cookie in quotes with backslashes, which Python's servers resolve: as many spellings as one likes.",
    "unit/request/cookie.test.ts",
    "%j has %j",
  ],
  [
    "Blanks that only some languages trim, and NUL, around a URL parameter.",
    "unit/request/query.test.ts",
    "loses blanks that only some languages trim: %s",
  ],
  [
    "A parameter behind a semicolon, a `#` or 64 KB, where some servers still see it.",
    "unit/request/query.test.ts",
    "is looked at to its end, however long it is",
  ],
  [
    "Long values that begin alike, or a shorter value that is spelt like the name of a long one.",
    "conformance/identity.test.ts",
    "distinguishes long values by hashes, in names of bounded length that no shorter value can have",
  ],
  [
    "The 2^64 addresses that one IPv6 customer has.",
    "conformance/identity.test.ts",
    "counts an IPv6 client by its prefix if so configured",
  ],
];
