// Contract: \p{...} and (?i) know the general categories, scripts and simple case folding of Unicode as this Node does.
// Specified in UAX #44 and CaseFolding.txt (statuses C and S); assembly/regex/unicode-data.ts names the version.
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";

interface Harness {
  property(escape: ArrayBuffer): number[];
  folded(rune: number): number[];
  compile(pattern: ArrayBuffer): string;
  search(text: ArrayBuffer): boolean;
}

let regex: Harness;
beforeAll(async () => {
  regex = await loadHarness<Harness>("tests/unit/regex/regex.harness.ts");
});

const bytes = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer;
const data = readFileSync(new URL("../../../assembly/regex/unicode-data.ts", import.meta.url), "utf8");
const version = /Unicode ([\d.]+);/.exec(data)![1];
const sameUnicode = version === process.versions.unicode;

/** Every rune that is no surrogate, in order. */
const everyRune = (): string => {
  const parts: string[] = [];
  for (let rune = 0; rune < 0x110000; ++rune) {
    if (rune < 0xd800 || rune > 0xdfff) parts.push(String.fromCodePoint(rune));
  }
  return parts.join("");
};

describe.runIf(sameUnicode)(`properties of Unicode ${version}`, () => {
  const categories =
    "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co Cn L LC M N P S Z Any Assigned";
  const long =
    "Letter Uppercase_Letter Cased_Letter Mark Decimal_Number punct Currency_Symbol Separator Control Unassigned";
  const scripts =
    "Latin Greek Cyrillic Han Hiragana Arabic Common Inherited Old_Italic Anatolian_Hieroglyphs SignWriting Nko";

  it("are those of Node", () => {
    const all = everyRune();
    /** Ranges without the surrogates, which are no runes of a text. */
    const runes = (ranges: number[][]): number[][] =>
      ranges.flatMap(([first = 0, last = 0]) =>
        [
          [first, Math.min(last, 0xd7ff)],
          [Math.max(first, 0xe000), last],
        ].filter(([from = 0, to = 0]) => from <= to),
      );
    const check = (name: string, property: string): void => {
      const expected = Array.from(all.matchAll(new RegExp(`\\p{${property}}+`, "gu")), ([run]) => [
        run.codePointAt(0)!,
        (run.codePointAt(run.length - 2) ?? 0) > 0xffff
          ? run.codePointAt(run.length - 2)!
          : run.codePointAt(run.length - 1)!,
      ]);
      const ranges = regex.property(bytes(`\\p{${name}}`));
      const actual = ranges.flatMap((first, i) => (i % 2 === 0 ? [[first, ranges[i + 1]!]] : []));
      expect([name, runes(actual)]).toEqual([name, runes(expected)]);
    };
    for (const name of `${categories} ${long}`.split(" ")) check(name, name);
    for (const name of scripts.split(" ")) check(name, `Script=${name}`);
  });

  it("know the runes that are equal but for case", () => {
    for (const rune of Array.from(everyRune())) {
      const number = rune.codePointAt(0)!;
      const variants = [rune.toLowerCase(), rune.toUpperCase(), rune.toUpperCase().toLowerCase()];
      if (variants.every((variant) => variant === rune)) continue;
      const equal = new RegExp(`^\\u{${number.toString(16)}}$`, "iu");
      const ranges = regex.folded(number);
      const orbit = ranges.flatMap((first, i) =>
        i % 2 === 0 ? Array.from({ length: ranges[i + 1]! - first + 1 }, (_, n) => first + n) : [],
      );
      const expected = new Set([
        number,
        ...variants.filter((variant) => equal.test(variant)).map((v) => v.codePointAt(0)!),
      ]);
      expect(orbit.length).toBeLessThanOrEqual(4);
      for (const member of orbit)
        expect([number, equal.test(String.fromCodePoint(member))]).toEqual([number, true]);
      for (const member of expected) expect([number, orbit.includes(member)]).toEqual([number, true]);
    }
  });
});

describe("names", () => {
  it.each(["\\p{Greek}", "\\p{greek}", "\\p{ GREEK-}", "[\\p{Greek}]", "\\P{^Greek}", "(?i)\\p{Greek}"])(
    "%s",
    (pattern) => {
      expect(regex.compile(bytes(`^${pattern}$`))).toBe("");
      expect([..."αΩaя"].map((rune) => regex.search(bytes(rune)))).toEqual([true, true, false, false]);
    },
  );

  // Go 1.25 and 1.26 refuse the names of scripts of two words, which they document, and which earlier ones accept.
  it.each(["\\p{Old_Italic}", "\\p{olditalic}", "\\p{Old Italic}"])("%s", (pattern) => {
    expect(regex.compile(bytes(`^${pattern}$`))).toBe("");
    expect([..."\u{10300}a"].map((rune) => regex.search(bytes(rune)))).toEqual([true, false]);
  });

  it.each(["", "_", "Greeks", "Gree", "Grek", "InGreek", "L1", "a".repeat(50)])(
    "that nobody knows are refused: %s",
    (name) => {
      const error = regex.compile(bytes(`\\p{${name}}`));
      expect(error.startsWith(`0: invalid character class range: \`\\p{${name}}\``)).toBe(true);
    },
  );

  it("that nobody knows are refused, however long", () => {
    const name = `\\p{${"a".repeat(5000)}}`;
    expect(regex.compile(bytes(name)).startsWith(`0: invalid character class range: \`${name}\``)).toBe(true);
  });

  it("fold before they are complemented", () => {
    regex.compile(bytes("(?i)^\\P{Lu}$"));
    expect([..."aAα1"].map((rune) => regex.search(bytes(rune)))).toEqual([false, false, false, true]);
  });

  it("are refused when a pattern has hundreds of them", () => {
    expect(regex.compile(bytes("\\pL".repeat(100)))).toBe("");
    expect(regex.compile(bytes("\\pL".repeat(1000)))).toMatch(
      /expression too large; it names too many Unicode properties$/,
    );
  });
});
