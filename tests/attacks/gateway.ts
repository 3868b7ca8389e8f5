import type { Attack } from "./attack.ts";

/** Harm to the gateway. */
export const HARM_TO_THE_GATEWAY: readonly Attack[] = [
  [
    "Thousands of requests with a value of 60 KB wait at the same time.",
    "conformance/open-streams.test.ts",
    "holds less than 32 MiB for 1,800 requests with a value of 60 KB that wait for their counters",
  ],
  [
    "A path of 60 KB, decoded again for each of many endings: a second of work for each request.",
    "conformance/quota-paths.test.ts",
    "reads a long path once, however many endings are listed",
  ],
  [
    "A body that names its model a hundred thousand times, each of which takes memory.",
    "conformance/models.test.ts",
    "takes no memory for a model that a body names again and again",
  ],
  [
    "A body of 64 MiB comes in one chunk.",
    "conformance/open-streams.test.ts",
    "does not hold a chunk of 64 MiB, of a request or a response",
  ],
  [
    "Dots, encoded dots and slashes, backslashes or another target form lead out of the upstream's base path.",
    "gateway/target.test.ts",
    "stays below the base, whichever server decodes it",
  ],
  [
    "A stream that never ends keeps the local gateway from ending.",
    "gateway/cli.test.ts",
    "comes when the grace is over, though a stream has not ended, and what it used is charged",
  ],
  [
    "Send what is no frame over a WebSocket, so that the filter breaks down for everybody",
    "conformance/websocket-hostile.test.ts",
    "does not trap on bytes from either side or on failing host calls, and serves the next connection",
  ],
  [
    "A long path, or many cookies, against a configuration of thousands of parameters: each asked for in all of it.",
    "conformance/identity.test.ts",
    "parses a path, or a cookie header, only once for 5,000 items with different names",
  ],
  [
    "Values of 50 KB that the filter keeps for each of many questions.",
    "conformance/identity.test.ts",
    "keeps nothing of a request, and no memory for each item",
  ],
  [
    "Consumers of 50 KB fill the statistics, which Envoy never forgets.",
    "envoy/statistics.test.ts",
    "hold no consumer of 50 KB",
  ],
  [
    "Many routes, clusters and consumers of the longest names that are shown fill the filter's memory.",
    "conformance/memory.test.ts",
    "is bounded in bytes whatever the parts of rejection counters are, and however long",
  ],
  [
    "A value of 60 KB is searched for patterns that take long on it.",
    "conformance/values.test.ts",
    "takes no longer for a value of 60 KB than for one of 4 KB",
  ],
  [
    "What a pattern would match stands behind so much else that it is not looked at.",
    "unit/rules/value-keys.test.ts",
    "apply, the first that might, when none of them matches there",
  ],
  [
    "So many counters in one request, or so long ones, that Redis cannot be asked about them, and the request passes.",
    "conformance/many-counters.test.ts",
    "refuses a request for %s before Redis is asked",
  ],
  [
    "A consumer called `ann.metric` has its rejections labelled as Ann's.",
    "conformance/check.test.ts",
    "counts a consumer by its name, or as other where that would mislead: %s",
  ],
  [
    "Long bodies whose cap has to be lowered, each of which leaves copies of itself in the filter's memory until that is full.",
    "conformance/held-hostile.test.ts",
    "takes no more memory for many long bodies than for one: four times the longest",
  ],
  [
    "A thousand bodies that are held and never end.",
    "conformance/held-hostile.test.ts",
    "takes a few KiB for each body that is held, however long that is",
  ],
];
