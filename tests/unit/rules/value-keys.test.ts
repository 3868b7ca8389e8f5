// Contract of assembly/rules value-keys and assembly/regex prefilter: of many patterns the first that matches counts, as
// if they were tried one after the other. Specified in the docstrings there.
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";
import { joined, pattern } from "../regex/patterns.ts";

interface Harness {
  build(texts: ArrayBuffer[]): void;
  find(value: ArrayBuffer): number;
  findByTrying(value: ArrayBuffer): number;
  candidates(patterns: ArrayBuffer[], text: ArrayBuffer, length: number): number[];
}

let rules: Harness;
beforeAll(async () => {
  rules = await loadHarness<Harness>("tests/unit/rules/value-keys.harness.ts");
});

const latin1 = (text: string): ArrayBuffer => Uint8Array.from(Buffer.from(text, "latin1")).buffer;
const bytes = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer;
const build = (patterns: string[]): void =>
  rules.build([...new Set(patterns)].map((one) => bytes(one === "*" ? one : `regexp:${one}`)));
const find = (value: string): number => rules.find(bytes(value));

describe("patterns", () => {
  it("are found in configured order, with and without a literal", () => {
    build(["^team-7-x", "eam-7", "^te", "z$", "(?i)TEAM-8-", "^team-", "z"]);
    expect(find("team-7-x")).toBe(0);
    expect(find("team-7-")).toBe(1);
    expect(find("team-8-")).toBe(2);
    expect(find("a team-8-")).toBe(4);
    expect(find("ateam-z")).toBe(3);
    expect(find("ateam-zz-")).toBe(6);
    expect(find("")).toBe(-1);
  });

  it("are found by any of their prefixes", () => {
    build(["^abcdefg", "^abcdef$", "^abcde$", "^abcd$", "^abc$", "^ab$", "^a$"]);
    expect(["abcdefgh", "abcdef", "abcde", "abcd", "abc", "ab", "a"].map(find)).toEqual([
      0, 1, 2, 3, 4, 5, 6,
    ]);
    expect(["bc", "xabc", "abx", ""].map(find)).toEqual([-1, -1, -1, -1]);
  });

  it("are found where a literal stands again and again", () => {
    build(["abab\\d", "baba\\d"]);
    expect(find("abababababab")).toBe(-1);
    expect(find("abababababa1")).toBe(1);
    expect(find(`${"abab".repeat(5_000)}7`)).toBe(0);
  });

  it("are not looked for in what follows the value in memory", () => {
    const patterns = ["bcde", "^abcde", "^abcd", "^abc", "^ab"].map(bytes);
    const candidates = (length: number): number[] =>
      rules.candidates(patterns, bytes("abcdefgh"), length).sort((a, b) => a - b);
    expect([0, 1, 2, 3].map(candidates)).toEqual([[], [], [4], [3, 4]]);
    expect([4, 5, 8].map(candidates)).toEqual([
      [2, 3, 4],
      [0, 1, 2, 3, 4],
      [0, 1, 2, 3, 4],
    ]);
  });

  describe("in a value of more than 4,096 bytes", () => {
    const long = (text: string, fill = "x"): string => text.padEnd(6_000, fill);
    const behind = (text: string): string => "x".repeat(5_000) + text;

    it("are looked for in its first 4,096, as if it ended there", () => {
      build(["^Bearer y", "^Bearer .+$", "z"]);
      expect(find(long("Bearer "))).toBe(1);
      expect(find(`${"y".repeat(4_095)}z${"y".repeat(5_000)}`)).toBe(2);
    });

    it("apply, the first that might, when none of them matches there", () => {
      build(["^team-", "team-7-\\d", "^.*team-8", "eight"]);
      // What would match behind may be what the upstream looks at: AWS signatures may put their credential last.
      expect(find(behind("team-7-1"))).toBe(1);
      expect(find(behind(""))).toBe(1);
      expect(find(`${"x".repeat(4_000)}eight${"x".repeat(4_000)}`)).toBe(3);
      build(["^y", "^x+z"]);
      expect(find(behind(""))).toBe(1);
    });

    it("do not apply when nothing that follows could make them match", () => {
      build(["^team-", "^team-7", "^[ab]+$", "^$"]);
      expect(find(behind("team-7"))).toBe(-1);
      expect(find(long("", "a"))).toBe(2);
      expect(find("x".repeat(4_096))).toBe(-1);
    });

    it("are behind a key for every value", () => {
      build(["team-7", "*"]);
      expect(find(behind("team-7"))).toBe(1);
      expect(find(long("team-7"))).toBe(0);
    });

    it("see no rune that is cut", () => {
      build(["\\x{FFFD}", "*"]);
      for (let i = 0; i < 5; ++i) expect(find("a".repeat(i) + "é中".repeat(2_000))).toBe(1);
    });
  });

  it("are found among ten thousand", () => {
    const patterns = Array.from({ length: 10_000 }, (_, i) =>
      i % 3 === 0 ? `team-${i}-\\d` : `^team-${i}-`,
    );
    build(patterns);
    for (const i of [0, 1, 2, 3, 77, 999, 1000, 1234, 9998, 9999]) {
      expect(find(`team-${i}-0`)).toBe(i);
      expect(find(`team-${i}-x`)).toBe(i % 3 === 0 ? -1 : i);
      expect(find(`a team-${i}-0`)).toBe(i % 3 === 0 ? i : -1);
    }
    expect(find("team-10000-0")).toBe(-1);
  });

  it("find what trying them one after the other finds", () => {
    const piece = fc.constantFrom("a", "b", "ab", "-", "é", "team-", "7", "\u0001", "x");
    const word = joined(piece, 1, 6);
    const plain = fc
      .tuple(
        fc.constantFrom("^", "^", "", "(?i)", ".*", "^a?", "\\b"),
        word,
        fc.constantFrom("", "$", ".*", "+", "\\d"),
      )
      .map((parts) => parts.join(""));
    const value = joined(fc.oneof(piece, fc.constantFrom("\xff", "\xc3", "\xa9", "7")), 0, 10);
    let found = 0;
    let searched = 0;
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 4, arbitrary: plain }, pattern), { minLength: 1, maxLength: 40 }),
        fc.array(fc.oneof(value.map(latin1), value.map(bytes), plain.map(bytes)), {
          minLength: 5,
          maxLength: 10,
        }),
        (patterns, values) => {
          build(patterns);
          const expected = values.map((one) => rules.findByTrying(one));
          expect(values.map((one) => rules.find(one))).toEqual(expected);
          // Again, now that they are compiled.
          expect(values.map((one) => rules.find(one))).toEqual(expected);
          searched += expected.length;
          found += expected.filter((one) => one > 0).length;
        },
      ),
      { numRuns: 1000 },
    );
    expect(found / searched).toBeGreaterThan(0.1);
  });
});
