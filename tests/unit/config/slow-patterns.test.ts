// Contract of assembly/config: patterns that could hold a worker for long are told, with their cost and place, and refused beyond a
// second. Specified in the docstrings of assembly/config/problems.ts.
import { describe, expect, it } from "vitest";
import { items, parse } from "./support.ts";

describe("problems", () => {
  describe("of patterns that take long", () => {
    const keys = (...patterns: string[]): object => ({
      limit_by_per_header: "x",
      limit_keys: patterns.map((one) => ({ key: `regexp:${one}`, token_per_minute: 1 })),
    });
    const slow = (i: number): string => `(?:a?){900}[a-${String.fromCharCode(98 + i)}]{900}9`;

    it.each<[string, object]>([
      ["a few ordinary ones", items(keys("^Bearer [A-Za-z0-9._-]+$", "[0-9]+@x", "^team-[0-9]{1,3}$"))],
      ["large ones that need not be simulated", items(keys("(?:a?){900}b", "(?:a?){900}c"))],
      [
        "ten thousand of which one value has the literal of one",
        items(keys(...Array.from({ length: 10_000 }, (_, i) => `^team-${i}-[0-9]+$`))),
      ],
    ])("does not warn of %s", (_, configuration) => expect(parse(configuration)).toEqual([]));

    it("warns of one, with its cost and its path", () => {
      expect(parse(items({ ...keys("^a"), limit_by_per_header: "y" }, keys("b", slow(0))))).toEqual([
        expect.stringMatching(
          /^warning: rule_items: have patterns that may take about 3\d ms of a worker for one request, most of it, 3\d ms, rule_items\[1\]\.limit_keys\[1\]\.key; counted repetitions cost most$/,
        ),
      ]);
    });

    it("warns of many that take long only together", () => {
      const many = Array.from({ length: 100 }, (_, i) => `-team-${i}-.*x`);
      expect(parse(items(keys(...many)))).toEqual([expect.stringMatching(/about 3\.\d ms/)]);
      expect(parse(items(keys(...many.slice(0, 10))))).toEqual([]);
    });

    it("warns of several items that take long together, and of ten of the worst patterns", () => {
      const ten = Array.from({ length: 10 }, (_, i) => slow(i));
      expect(parse(items(...ten.map((one, i) => ({ ...keys(one), limit_by_per_header: `x${i}` }))))).toEqual([
        expect.stringMatching(/^warning: .* about 3\d\d ms/),
      ]);
      expect(parse(items(keys(...ten)))).toEqual([expect.stringMatching(/^warning: .* about 3\d\d ms/)]);
    });

    it("refuses those that could hold a worker for more than a second", () => {
      const worst = Array.from({ length: 12 }, (_, i) =>
        slow(i).replace(/9$/, "(?:a?){900}".repeat(3) + "9"),
      );
      expect(parse(items(keys(...worst)))).toEqual([
        expect.stringMatching(/^error: rule_items: have patterns .*; at most 1000 ms are allowed$/),
      ]);
    });
  });
});
