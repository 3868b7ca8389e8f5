// Contract: assembly/regex finds what RE2 itself finds, on patterns and texts made at random.
// Specified in https://github.com/google/re2/wiki/Syntax; re2-wasm is RE2 compiled to wasm.
import fc from "fast-check";
import { RE2 } from "re2-wasm";
import { beforeAll, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";
import { bytes, pattern, text } from "./patterns.ts";

interface Harness {
  compile(pattern: ArrayBuffer): string;
  compileProgram(pattern: ArrayBuffer): boolean;
  search(text: ArrayBuffer): boolean;
  searchBySimulation(text: ArrayBuffer): boolean;
}

let regex: Harness;
beforeAll(async () => {
  regex = await loadHarness<Harness>("tests/unit/regex/regex.harness.ts");
});

/** RE2's memory is small and its own: what is not given back is lost to the patterns after it. */
const free = (re2: RE2): void => (re2 as unknown as { wrapper: { delete(): void } }).wrapper.delete();

it("finds what RE2 finds", () => {
  let found = 0;
  let searched = 0;
  fc.assert(
    fc.property(pattern, fc.array(text, { minLength: 4, maxLength: 8 }), (source, texts) => {
      const re2 = new RE2(source, "u");
      const expected = texts.map((input) => re2.test(input));
      free(re2);
      expect(regex.compile(bytes(source))).toBe("");
      regex.compileProgram(bytes(source));
      expect(texts.map((input) => regex.search(bytes(input)))).toEqual(expected);
      expect(texts.map((input) => regex.searchBySimulation(bytes(input)))).toEqual(expected);
      searched += expected.length;
      found += expected.filter(Boolean).length;
    }),
    { numRuns: 300 },
  );
  // The comparison says something only if both answers occur.
  expect(found / searched).toBeGreaterThan(0.1);
  expect(found / searched).toBeLessThan(0.9);
});
