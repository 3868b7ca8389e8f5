import type { Attack } from "./attack.ts";

/** Ceilings that parallel calls pass. */
export const CEILINGS_PASSED: readonly Attack[] = [
  [
    "Trailers after a body, which hosts then do not let a filter rewrite, so that a cap is granted but never written.",
    "conformance/clamp.test.ts",
    "cannot lower the caps of a body that ends with trailers, so what it states must fit",
  ],
  [
    "A header about an encoding, an upgrade or another method, which the server ignores, so that its call is not limited.",
    "conformance/clamp-hostile.test.ts",
    "limits a body that %s: servers may ignore that",
  ],
  [
    "A body that lenient servers read and the filter does not: something behind it, UTF-16, comments, too many caps.",
    "conformance/clamp-hostile.test.ts",
    "has no room for a body that %s",
  ],
  [
    "A path that some servers take for embeddings, which have no output, and the one behind the gateway for a call.",
    "conformance/clamp-hostile.test.ts",
    "has no room for a call of %s, which servers read differently",
  ],
  [
    "Many calls at once whose output nothing limits: with forged signatures, in long or compressed bodies, with trailers.",
    "conformance/clamp-hostile.test.ts",
    "lets no other call pass beside a body that is %s",
  ],
  [
    "LiteLLM's `fallbacks`: a small cap for a model that fails, and behind it another call with a cap that nobody looks at.",
    "conformance/clamp-hostile.test.ts",
    "lets no other call pass beside a body that is %s",
  ],
  [
    "`max_tokens: 0` or `num_predict: 0`, which reserve nothing, and mean no limit to some servers.",
    "unit/request/output-caps.test.ts",
    "makes all caps count as none, and is overwritten: %s, %s: %s",
  ],
  [
    "`max_completion_tokens` alone for a model whose server does not know it, as Ollama's does not.",
    "unit/request/output-caps.test.ts",
    "counts as none, but as a wish: %s, %s: %s",
  ],
  [
    "A larger cap in `extra_body`, which proxies copy over the smaller one.",
    "unit/request/output-caps.test.ts",
    "states the largest of its caps, wherever they stand",
  ],
  [
    "Alternatives and weights that leave a cap of less than one token, which is written as 0.",
    "conformance/clamp-hostile.test.ts",
    "never writes a cap of 0, which may mean none: %j with %j",
  ],
  [
    "A body that the host does not show any more when its cap has to be written, so that it passes as it is.",
    "conformance/clamp-hostile.test.ts",
    "rejects a call whose body is %s when its cap has to be written, and gives back what it reserved",
  ],
  [
    "Reading one's usage after a gateway has died, so that what it had reserved is given back instead of charged.",
    "conformance/algorithms.test.ts",
    "treats lapsed holds as configured when it reads counters for %s",
  ],
  [
    "A prompt of base64 that begins like a data URL, where models read text, for which a token per kilobyte is reserved.",
    "unit/usage/request-reserved.test.ts",
    "of %i bytes is text where models read text",
  ],
  [
    "Many pictures that are given by URL, with which a short body costs much.",
    "unit/usage/request-reserved.test.ts",
    "that is given by its URL at %s counts as a large one, once",
  ],
  [
    "Many small calls that teach the estimates, then large ones at once, for which little is reserved.",
    "lua/learning.test.ts",
    "let a caller who taught them small calls take away a quarter of what is left at most",
  ],
  [
    "The same under `clamp`, to pass a hard ceiling.",
    "lua/learning.test.ts",
    "never reserve less than was asked for where they may not",
  ],
  [
    "Calls that cost twice their estimate, on a counter that others share, so that theirs are denied.",
    "lua/learning.test.ts",
    "never deny a call because of what was learned, as long as there is room without it",
  ],
];
