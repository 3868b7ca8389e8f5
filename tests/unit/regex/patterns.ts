// Patterns of RE2 syntax, and texts, made at random.
import fc from "fast-check";

export const bytes = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer;
export const joined = (
  arb: fc.Arbitrary<string>,
  minLength: number,
  maxLength: number,
): fc.Arbitrary<string> => fc.array(arb, { minLength, maxLength }).map((parts) => parts.join(""));

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

export const { pattern } = fc.letrec<{ pattern: string; item: string }>((tie) => ({
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
/** Texts that such patterns are likely to match. */
export const text = joined(fc.constantFrom(...letters, "A", "B", "\n", ".", "ab", "x"), 0, 8);
