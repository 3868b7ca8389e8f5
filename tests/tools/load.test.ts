// Contract: `make load` runs as it stands. Each gateway answers all requests as it should, which measureLoad() makes sure
// of, and the report tells what it bears. How much that is, is not tested.
import { describe, expect, it } from "vitest";
import { environmentOf } from "../../tools/bench/environment.ts";
import { isAvailable } from "../../tools/envoy/processes.ts";
import { text } from "../../tools/load/report.ts";
import { measureLoad } from "../../tools/load/run.ts";
import { hasWrk } from "../../tools/load/wrk.ts";

describe.skipIf(!isAvailable || !hasWrk)("the load run", () => {
  it("measures a gateway without filter, with idle ones, and with ours", { timeout: 120_000 }, async () => {
    const results = await measureLoad({ rounds: 1, warmUp: 0 });
    expect(results.map(({ name }) => name)).toEqual([
      "no filter",
      "a filter that does nothing",
      "a filter that makes two HTTP calls",
      "ours, allowed",
      "ours, rejected",
    ]);
    for (const { requestsPerSecond, p50, p99, processor, aloneP50 } of results) {
      expect(requestsPerSecond.median).toBeGreaterThan(10);
      expect(p99.median).toBeGreaterThanOrEqual(p50.median);
      expect(aloneP50.median).toBeGreaterThan(0);
      if (process.platform === "linux") expect(processor!.median).toBeGreaterThan(0);
    }
    const printed = text({ ...environmentOf([]), envoy: "1.2.3", rounds: 1, results });
    for (const { name } of results) expect(printed).toContain(`\n${name} `);
  });
});
