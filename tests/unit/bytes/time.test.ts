// Contract of assembly/bytes/time: times as RFC 3339 writes them, and durations as Go's time.Duration does.
import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";

interface Harness {
  time(seconds: bigint): string;
  duration(ms: bigint): string;
}

let harness: Harness;
beforeAll(async () => {
  harness = await loadHarness<Harness>("tests/unit/bytes/time.harness.ts");
});

it("writes every time as JavaScript does", () => {
  const of = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
  for (const seconds of [
    0, 951_782_399, 951_782_400, 1_709_164_800, 4_107_542_399, 4_107_542_400, 253_402_300_799,
  ])
    expect(harness.time(BigInt(seconds))).toBe(of(seconds));
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
      expect(harness.time(BigInt(seconds))).toBe(of(seconds));
    }),
  );
});

it.each<[number, string]>([
  [0, "0s"],
  [17, "17ms"],
  [1_200, "1.2s"],
  [1_005, "1.005s"],
  [360_000, "6m0s"],
  [3_600_000, "1h0m0s"],
  [2_592_000_000, "720h0m0s"],
])("writes %s ms as %s", (ms, text) => {
  expect(harness.duration(BigInt(ms))).toBe(text);
});
