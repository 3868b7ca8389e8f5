// Contract: assembly/regex finds what RE2 itself finds, on patterns and texts made at random.
// Specified in https://github.com/google/re2/wiki/Syntax; re2-wasm is RE2 compiled to wasm.
import fc from "fast-check";
import { RE2 } from "re2-wasm";
import { beforeAll, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";

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

const bytes = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer;
const joined = (arb: fc.Arbitrary<string>, minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.array(arb, { minLength, maxLength }).map((parts) => parts.join(""));

const letters = [
  "a",
  "b",
  "k",
  "K",
  "s",
  "é",
  "É",
  "σ",
  "ς",
  "µ",
  "\u212a",
  "\u017f",
  "北",
  "🙂",
  "-",
  "_",
  "0",
  "1",
  " ",
];
const escapes = [
  "\\d",
  "\\D",
  "\\w",
  "\\W",
  "\\s",
  "\\S",
  "\\pL",
  "\\p{Lu}",
  "\\P{Greek}",
  "\\p{^Han}",
  "\\PN",
];
const classItem = fc.constantFrom(
  ...letters.filter((c) => c !== "-"),
  ...escapes,
  "a-c",
  "A-F",
  "0-9",
  "α-ω",
  "[:alpha:]",
  "[:^upper:]",
);
const charClass = fc
  .tuple(fc.constantFrom("", "^"), joined(classItem, 1, 4), fc.constantFrom("", "-"))
  .map(([not, items, minus]) => `[${not}${items}${minus}]`);
const repetition = fc
  .tuple(fc.constantFrom("*", "+", "?", "{2}", "{0}", "{1,2}", "{0,3}", "{2,}"), fc.constantFrom("", "?"))
  .map(([count, lazy]) => count + lazy);
// Without \B, which RE2 finds also between the bytes of one rune, and Go, like us, does not.
const assertions = ["^", "$", "\\A", "\\z", "\\b", "(?m)", "(?i)", "(?-i)"];
const opening = fc.constantFrom("(", "(?:", "(?i:", "(?s:", "(?m:", "(?i-s:", "(?U:");

const { pattern } = fc.letrec<{ pattern: string; item: string }>((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 3, depthIdentifier: "pattern" },
    tie("item"),
    joined(tie("item"), 1, 4),
    fc.tuple(tie("pattern"), tie("pattern")).map(([a, b]) => `${a}|${b}`),
  ),
  item: fc.oneof(
    { maxDepth: 3, depthIdentifier: "pattern" },
    {
      weight: 6,
      arbitrary: fc.constantFrom(
        ...letters,
        ...escapes,
        ".",
        "\\n",
        "\\.",
        "\\x41",
        "\\x{1F642}",
        "\\Qa.\\E",
      ),
    },
    { weight: 2, arbitrary: charClass },
    { weight: 2, arbitrary: fc.constantFrom(...assertions) },
    { weight: 2, arbitrary: fc.tuple(opening, tie("pattern")).map(([open, inner]) => `${open}${inner})`) },
    {
      weight: 2,
      arbitrary: fc.tuple(tie("pattern"), repetition).map(([inner, count]) => `(?:${inner})${count}`),
    },
  ),
}));
const text = joined(fc.constantFrom(...letters, "A", "B", "\n", ".", "ab", "x"), 0, 8);

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
