// Contract: what a caller puts into a value that a rule looks at cannot hold a worker. Specified in the docstring of
// assembly/rules/value-keys.ts.
import { describe, expect, it } from "vitest";
import { MODULES, REDIS, ROOT, start } from "../support/filter.ts";

const PATTERNS = Array.from({ length: 10 }, (_, i) => `(?:a?){900}[a-${"bcdefghijk"[i]}]{900}9`);

describe.each(MODULES.slice(0, 1))("%s", (_name, file) => {
  const configuration = {
    rule_name: "r",
    rule_items: [
      {
        limit_by_per_header: "x-api-key",
        limit_keys: [...PATTERNS.map((one) => `regexp:${one}`), "*"].map((key) => ({
          key,
          token_per_day: 5,
        })),
      },
    ],
    redis: REDIS,
  };

  it("takes no longer for a value of 60 KB than for one of 4 KB", async () => {
    const host = await start(file, configuration);
    let id = 2;
    const milliseconds = (length: number): number => {
      let least = Infinity;
      for (let run = 0; run < 3; ++run) {
        const began = performance.now();
        host.request(id++, ROOT, { "x-api-key": "a".repeat(length) });
        least = Math.min(least, performance.now() - began);
      }
      return least;
    };
    const [short, long] = [milliseconds(4_096), milliseconds(60_000)];
    console.log(`ten patterns: ${short.toFixed(0)} ms for 4 KB, ${long.toFixed(0)} ms for 60 KB`);
    // Without a bound it is fifteen times as long.
    expect(long).toBeLessThan(4 * short);
  }, 60_000);

  it("warns of patterns that take more than a millisecond, with their time", async () => {
    const host = await start(file, configuration);
    expect(host.lines()).toEqual([
      expect.stringMatching(
        /rule_items: have patterns that may take about \d+ ms of a worker for one request/,
      ),
    ]);
  });
});
