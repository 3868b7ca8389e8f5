import type { Attack } from "./attack.ts";

/** Charges that are made twice, or lost. */
export const CHARGES_MADE_TWICE_OR_LOST: readonly Attack[] = [
  [
    "a Redis that stands still for a minute right after it made a charge, or a timeout so long that the marker is gone",
    "conformance/exactly-once.test.ts",
    "makes a charge once if every reply but the last is lost, with a timeout of %i ms",
  ],
  [
    "more calls during an outage than can wait, so that the rest are free",
    "conformance/outage.test.ts",
    "loses nothing of 100,000 calls of 1,000 callers while commands are %s",
  ],
  [
    "Fetching a stored response again is charged each time.",
    "conformance/stored-answers.test.ts",
    "is charged when it is fetched, under the same name each time, which only its callers share",
  ],
  [
    "Fetching a response that was charged over a WebSocket is charged again.",
    "conformance/websocket-answers.test.ts",
    "charges a response over a WebSocket under the name that fetching it would use",
  ],
  [
    "Fetching the results of a batch again is charged each time.",
    "conformance/partial-answers.test.ts",
    "charges the results of a batch once, however often they are fetched",
  ],
  [
    "a value with a brace, so that no marker can stand beside its counter and one broken connection loses its charge",
    "conformance/charge.test.ts",
    "repeats the charge for a value with a brace, which has a marker like any other",
  ],
  [
    "values of 4 KB, each of which Redis keeps once more in the name of a marker",
    "conformance/charge.test.ts",
    "does not repeat a caller's values in the name of a marker",
  ],
  [
    "a charge that is carried out when its marker is gone, because it was under way for so long",
    "lua/scripts.test.ts",
    "is never gone before the charge is refused",
  ],
  [
    "Bodies, trailers, replies and answers in an order in which a hold is never settled, or settled twice.",
    "conformance/held-hostile.test.ts",
    "settles each hold once, whatever comes in whatever order",
  ],
];
