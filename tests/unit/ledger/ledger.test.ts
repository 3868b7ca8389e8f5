// Contract of assembly/ledger: the names of counters, byte for byte as published, and the decision over their values.
// Specified in the reference behaviour of the published plugin, sections 4 and 6, and RFC 9110, 10.2.3 (Retry-After).
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";

interface Harness {
  globalKey(rule: string, tagged: boolean, window: number): string;
  ruleKey(rule: string, tagged: boolean, by: string, window: number, name: string, value: string): string;
  decision(windows: number[], capacities: bigint[], tokens: bigint[], remaining: bigint[]): bigint[];
  reading(capacity: bigint, value: bigint, held: bigint, leftMs: bigint): bigint[];
  tightest(capacities: bigint[], used: bigint[], held: bigint[]): number;
  merged(keys: string[], capacities: bigint[]): string[];
}

const NOT_A_NUMBER = -(2n ** 63n);
let ledger: Harness;
beforeAll(async () => {
  ledger = await loadHarness<Harness>("tests/unit/ledger/ledger.harness.ts");
});

describe("counter keys", () => {
  it("are those of the published plugin", () => {
    expect(ledger.globalKey("r", false, 60)).toBe("higress-token-ratelimit:r:global_threshold:60");
    expect(ledger.globalKey("r", true, 3600)).toBe("higress-token-ratelimit:{r}:global_threshold:3600");
    expect(ledger.ruleKey("r", false, "limit_by_param", 1, "apikey", "k:1")).toBe(
      "higress-token-ratelimit:r:limit_by_param:1:apikey:k:1",
    );
    expect(ledger.ruleKey("", true, "limit_by_per_ip", 86400, "from-remote-addr", "::1")).toBe(
      "higress-token-ratelimit:{}:limit_by_per_ip:86400:from-remote-addr:::1",
    );
  });
});

describe("counters", () => {
  it("are charged once when two rules lead to the same, under the lower threshold", () => {
    expect(ledger.merged(["a", "b", "a"], [10n, 20n, 5n])).toEqual(["a=5", "b=20"]);
    expect(ledger.merged(["ab", "a", "b", "a"], [1n, 2n, 3n, 4n])).toEqual(["ab=1", "a=2", "b=3"]);
  });

  it("may be many", () => {
    const names = Array.from({ length: 50 }, (_, i) => "key".repeat(i) + i);
    const thresholds = names.map((_, i) => BigInt(i));
    expect(ledger.merged(names, thresholds)).toEqual(names.map((name, i) => `${name}=${i}`));
  });
});

describe("what was read", () => {
  it("stays with its row, and says what remains", () => {
    expect(ledger.reading(100n, 30n, 20n, 5000n)).toEqual([30n, 20n, 5000n, 50n]);
    expect(ledger.reading(100n, 90n, 20n, -2n)).toEqual([90n, 20n, -2n, 0n]);
    expect(ledger.reading(100n, -5n, 0n, 1n)).toEqual([-5n, 0n, 1n, 100n]);
    expect(ledger.reading(100n, NOT_A_NUMBER, 0n, -1n)).toEqual([0n, 0n, -1n, 100n]);
    expect(ledger.reading(1n, 2n ** 63n - 1n, 2n ** 63n - 1n, 1n)[3]).toBe(0n);
  });

  it("names the row with the smallest share left", () => {
    expect(ledger.tightest([100n, 1000n], [50n, 600n], [0n, 0n])).toBe(1);
    expect(ledger.tightest([100n, 1000n], [50n, 400n], [20n, 0n])).toBe(0);
    expect(ledger.tightest([10n, 20n], [5n, 10n], [0n, 0n])).toBe(0);
    expect(ledger.tightest([10n, 20n], [10n, 40n], [0n, 0n])).toBe(0);
  });
});

describe("a decision", () => {
  it("admits a counter at its limit and denies one above, and says which and why", () => {
    expect(ledger.decision([60], [100n], [100n], [30_000n])).toEqual([0n, -1n, 0n, 0n, 0n, 0n, 0n]);
    expect(ledger.decision([60, 3600], [100n, 5n], [7n, 8n], [1n, 30_000n])).toEqual([
      1n,
      1n,
      5n,
      8n,
      30n,
      30n,
      0n,
    ]);
  });

  it("compares without losing digits", () => {
    const limit = 9_007_199_254_740_993n;
    expect(ledger.decision([60], [limit], [limit], [1n])[0]).toBe(0n);
    expect(ledger.decision([60], [limit], [limit + 1n], [1n])[0]).toBe(1n);
  });

  it("limits nobody by a counter that is no number, and says so", () => {
    expect(ledger.decision([60, 60], [1n, 1n], [NOT_A_NUMBER, 2n], [-1n, 5_000n])).toEqual([
      1n,
      1n,
      1n,
      2n,
      5n,
      5n,
      1n,
    ]);
    expect(ledger.decision([60], [1n], [NOT_A_NUMBER], [-1n])).toEqual([0n, -1n, 0n, 0n, 0n, 0n, 1n]);
  });

  it("rounds the reset as Redis' TTL does, and never lets a caller come back before the last window has ended", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 86_400_000 })), {
          minLength: 1,
          maxLength: 6,
        }),
        (windows) => {
          const [denied, , , , reset, retryAfter] = ledger.decision(
            windows.map(() => 86400),
            windows.map(() => 10n),
            windows.map(([over]) => (over ? 11n : 10n)),
            windows.map(([, remaining]) => BigInt(remaining)),
          );
          const exceeded = windows.filter(([over]) => over).map(([, remaining]) => remaining);
          expect(denied).toBe(exceeded.length === 0 ? 0n : 1n);
          if (exceeded.length === 0) return;
          expect(reset).toBe(BigInt(Math.floor((exceeded[0]! + 500) / 1000)));
          expect(retryAfter).toBe(BigInt(Math.max(1, Math.ceil(Math.max(...exceeded) / 1000))));
        },
      ),
    );
  });
});
