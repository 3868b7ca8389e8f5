// Contract of assembly/ledger/weights: what a call is charged is the weighted sum of its kinds of tokens, rounded to
// the nearest token; parts are never more than the whole. Specified in config.schema.json, token_weights.
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";

interface Harness {
  charge(weights: bigint[], tokens: bigint[]): bigint;
}

let limiter: Harness;
beforeAll(async () => {
  limiter = await loadHarness<Harness>("tests/unit/usage/weights.harness.ts");
});

const ONE = 10_000n;
const all = [ONE, ONE, ONE, ONE, ONE];
/** [input, cached, written, output, reasoning] */
const five = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<[T, T, T, T, T]> => fc.tuple(one, one, one, one, one);
const tokens = five(fc.bigInt({ min: 0n, max: 2n ** 40n }));

describe("weights", () => {
  it("of one charge input and output, whatever their parts are said to be", () => {
    fc.assert(
      fc.property(tokens, (given) => {
        expect(limiter.charge(all, given)).toBe(given[0] + given[3]);
      }),
    );
  });

  it.each([
    ["cached input at 0.1", [ONE, 1000n, ONE, ONE, ONE], [1000n, 900n, 0n, 10n, 0n], 200n],
    ["cache writes at 1.25", [ONE, 1000n, 12_500n, ONE, ONE], [1000n, 400n, 400n, 0n, 0n], 740n],
    ["reasoning for nothing", [ONE, ONE, ONE, ONE, 0n], [0n, 0n, 0n, 300n, 290n], 10n],
    ["half a token, rounded up", [5000n, ONE, ONE, ONE, ONE], [1n, 0n, 0n, 0n, 0n], 1n],
    ["less than half a token, rounded down", [4999n, ONE, ONE, ONE, ONE], [1n, 0n, 0n, 0n, 0n], 0n],
    ["more cached than input, taken as all of it", [ONE, 0n, 0n, ONE, ONE], [7n, 163n, 5n, 4n, 0n], 4n],
  ])("are applied to %s", (_case, weights, given, expected) =>
    expect(limiter.charge(weights, given)).toBe(expected),
  );

  it("never overflow, and are off by half a token at most", () => {
    const weights = five(fc.bigInt({ min: 0n, max: 100n * ONE }));
    fc.assert(
      fc.property(weights, tokens, (w, [input, cached, written, output, reasoning]) => {
        const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
        const c = min(cached, input);
        const k = min(written, input - c);
        const r = min(reasoning, output);
        const exact = (input - c - k) * w[0] + c * w[1] + k * w[2] + (output - r) * w[3] + r * w[4];
        const charged = limiter.charge(w, [input, cached, written, output, reasoning]);
        const error = charged * ONE - exact;
        expect(error > -ONE / 2n - 1n && error <= ONE / 2n).toBe(true);
      }),
    );
  });
});
