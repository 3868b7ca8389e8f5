// Contract of assembly/regex literal and checkRegex: what all texts have in common that a pattern matches; refused is what
// compileRegex refuses. Specified in the docstrings there.
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";
import { bytes, joined, pattern, text } from "./patterns.ts";

interface Harness {
  compile(pattern: ArrayBuffer): string;
  check(pattern: ArrayBuffer): string;
  search(text: ArrayBuffer): boolean;
}

let regex: Harness;
beforeAll(async () => {
  regex = await loadHarness<Harness>("tests/unit/regex/regex.harness.ts");
});

const check = (source: string): string => regex.check(bytes(source));

describe("the literal", () => {
  it.each([
    ["^team-7-", '^"team-7-"!'],
    ["^a", '^"a"!'],
    ["^北京", '^"北京"!'],
    ["\\Aab", '^"ab"!'],
    ["(?:^ab)c", '^"abc"!'],
    ["^(ab)(?:c)", '^"abc"!'],
    ["^a{3}b", '^"aaab"!'],
    ["^\\Qa.b\\E\\.", '^"a.b."!'],
    ["^[x]\\x41", '^"xA"!'],
    ["team-7-", '"team-7-"!'],
    ["team-7-.*", '"team-7-"!'],
    ["^team-7-.*", '^"team-7-"!'],
    ["^team(?:-x)?", '^"team"!'],
    ["^teams+", '^"teams"!'],
  ])("of %s is %s and enough", (source, literal) => expect(check(source)).toBe(literal));

  it.each([
    ["^team-7$", '^"team-7"'],
    ["^team-7-\\d+", '^"team-7-"'],
    ["^(?:ab|ac)", '""'],
    ["^team\\b", '^"team"'],
    ["\\bteam", '"team"'],
    ["^ab*c", '^"a"'],
    ["^(ab)+c", '^"ab"'],
    ["^a.*-enterprise$", '^"a"'],
    ["^a*b", '""'],
    ["[a-z]+-enterprise\\d", '"-enterprise"'],
    ["x+(?:abcd|efgh)", '""'],
    ["(?:abcde)?fghi\\d", '"fghi"'],
    ["(?:abcde)+x\\d", '"abcde"'],
    ["abcd\\d?efghi\\d", '"efghi"'],
    ["(?:a|abcd)efgh(?:ijklm|n)", '"efgh"'],
    ["abc\\d", '""'],
    ["(?i)team-17-.", '"-17-"'],
    ["(?m)^team", '"team"'],
    ["^team|^teal", '""'],
    [`^${"a".repeat(100)}`, `^"${"a".repeat(64)}"`],
    ["^ab\\x{FFFD}", '^"ab"'],
    ["", '""'],
    ["^", '""'],
  ])("of %s is %s", (source, literal) => expect(check(source)).toBe(literal));

  it("is in every text that matches, and enough where it says so", () => {
    const literals = { prefixes: 0, inner: 0, enough: 0 };
    // Longer literals than in patterns of RE2's test.
    const longer = fc.tuple(
      fc.constantFrom("", "^", "\\b", "(?m)^", "a?"),
      joined(fc.constantFrom("ab", "a", "-", "é", "(?:ab)+", "(?:a|b)?", "x{2}", "(?i:é)"), 2, 5),
      fc.constantFrom("", "$", ".*", "x*", "\\d"),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          pattern,
          longer.map((parts) => parts.join("")),
        ),
        fc.array(text, { minLength: 4, maxLength: 8 }),
        (source, texts) => {
          expect(regex.compile(bytes(source))).toBe("");
          const [, prefix, literal, enough] = /^(\^?)"([^]*)"(!?)$/.exec(check(source))!;
          if (literal === "") return;
          ++literals[prefix ? "prefixes" : "inner"];
          if (enough) ++literals.enough;
          for (const other of texts) {
            for (const input of [other, literal + other, other + literal, `${other}${literal}${other}`]) {
              const has = prefix ? input.startsWith(literal!) : input.includes(literal!);
              const matches = regex.search(bytes(input));
              if (!has) expect(matches, `${source} ${input}`).toBe(false);
              else if (enough) expect(matches, `${source} ${input}`).toBe(true);
            }
          }
        },
      ),
      { numRuns: 1000 },
    );
    expect(Math.min(...Object.values(literals))).toBeGreaterThan(20);
  });

  it("is refused where a pattern is", () => {
    for (const source of ["(", "a**", "[z-a]", "a{1001}", "\\8", "\\p{Grek}", "(?<n", "x{1000}{1000}"]) {
      // Without what is quoted of the pattern, which may hold a secret.
      expect(check(source)).toBe(regex.compile(bytes(source)).replace(/: `.*?`/, ""));
      expect(check(source)).toMatch(/^\d+: /);
    }
  });
});
