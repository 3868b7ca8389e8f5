// Contract: a ticket knows its holders, and whoever lets go of it last gives it back, once. No ticket is lost, none is used by
// two, each question is answered once or abandoned, and each settlement is charged once, waits, or is counted as lost.
// Specified in ARCHITECTURE.md, "A request" and "Memory and traps".
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";

interface Harness {
  begin(streams: number, length: number, allowed: number): void;
  more(count: number): boolean;
  found(): string;
  /** What the clock of the host shows, in milliseconds since the epoch. */
  nowMs: { readonly value: bigint };
  pathCount(): number;
  stepCount(): number;
}

const PEEK = 1;
const SETTLE = 2;
const NAME = 4;
const CLOSE_TWICE = 8;
const LIKE = 16;
const LARGE = 32;
const TICK = 64;
const LATE = 128;
const INSIDE = 256;
const LISTEN = 512;
const REPLIES = 1024;
const DOWN = 2048;
const RESERVE = 4096;

let harness: Harness;

beforeAll(async () => {
  harness = await loadHarness<Harness>("tests/unit/ledger/tickets.harness.ts", () => {}, {
    proxy_get_current_time_nanoseconds: (memory, pointer) => {
      new DataView(memory.buffer).setBigInt64(pointer, harness.nowMs.value * 1_000_000n, true);
      return 0;
    },
  });
});

describe("no ticket is lost, and none is used by two,", () => {
  it.each([
    // The first, because the name of the very first hold is made before anything else was numbered.
    ["in any order of reservations and ends", 2, 7, RESERVE | SETTLE | CLOSE_TWICE],
    ["in any order of questions and ends", 3, 7, PEEK | CLOSE_TWICE],
    ["whatever is answered", 2, 7, PEEK | SETTLE | REPLIES],
    ["whatever happens to a charge", 1, 7, SETTLE | NAME | REPLIES | TICK | LATE],
    ["whatever happens to two charges", 2, 8, SETTLE | NAME | TICK],
    ["whatever is settled, and closed again", 2, 6, PEEK | SETTLE | NAME | CLOSE_TWICE],
    ["if answers come before the question has returned", 2, 6, PEEK | SETTLE | INSIDE | TICK],
    ["if streams end, and others begin, when they are answered", 3, 6, PEEK | LISTEN],
    ["the same if answers come before the question has returned", 2, 5, PEEK | LISTEN | INSIDE],
    ["when tickets are parts of one connection, or too large to be kept", 3, 5, PEEK | SETTLE | LIKE | LARGE],
    ["while Redis is down", 2, 7, PEEK | SETTLE | NAME | TICK | LATE | DOWN],
    ["in any order of three streams that reserve", 3, 6, RESERVE | PEEK | SETTLE],
    [
      "whatever is answered to a reservation and its settlement",
      1,
      8,
      RESERVE | SETTLE | REPLIES | TICK | LATE,
    ],
    ["whatever is answered to reservations", 2, 6, RESERVE | PEEK | SETTLE | REPLIES],
    ["whatever a reservation is settled with", 2, 7, RESERVE | SETTLE | NAME | TICK],
    ["whatever is answered to that", 1, 7, RESERVE | NAME | REPLIES | TICK],
    ["if a reservation is answered before it has returned", 2, 6, RESERVE | PEEK | SETTLE | INSIDE | TICK],
    ["if streams end when their reservation is answered", 3, 6, RESERVE | PEEK | LISTEN],
    ["the same if that is before it has returned", 2, 5, RESERVE | SETTLE | LISTEN | INSIDE],
    [
      "when what has reserved is part of one connection, or too large to be kept",
      3,
      5,
      RESERVE | SETTLE | LIKE | LARGE,
    ],
    ["the same while Redis is down", 2, 6, RESERVE | SETTLE | LIKE | TICK | DOWN],
    ["when something is reserved and Redis is down", 2, 7, RESERVE | SETTLE | NAME | TICK | LATE | DOWN],
  ])("%s", (title, streams, length, allowed) => {
    const begun = Date.now();
    harness.begin(streams, length, allowed);
    while (harness.more(500));
    expect(harness.found()).toBe("");
    const seconds = ((Date.now() - begun) / 1000).toFixed(1);
    console.log(`${title}: ${harness.pathCount()} orders, ${harness.stepCount()} steps, ${seconds} s`);
  });
});
