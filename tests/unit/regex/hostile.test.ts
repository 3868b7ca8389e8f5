// Contract: no pattern and no text traps, takes more than linear time, or memory without bound.
// Specified in the docstrings of assembly/regex, which state the limits.
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";

interface Harness {
  memory: WebAssembly.Memory;
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

describe("time is linear in the text", () => {
  /** The least time of some runs, in milliseconds. */
  const timed = (work: () => void): number => {
    let least = Infinity;
    for (let run = 0; run < 5; ++run) {
      const start = performance.now();
      work();
      least = Math.min(least, performance.now() - start);
    }
    return least;
  };

  const cases: [pattern: string, unit: string, end: string, deterministic: boolean][] = [
    ["^(a+)+$", "a", "b", true],
    ["(a*)*b", "a", "", true],
    ["(x+x+)+y", "x", "", true],
    ["^(?:a{0,1000}){0,1}b", "a", "", true],
    ["(a|aa)*c", "a", "b", true],
    ["(.*)*=(.*)*;", "a=", "", true],
    ["^(\\pL+\\s?)*$", "é ", "1", true],
    ["[ab]*a[ab]{12}c", "ab", "", false],
  ];

  it.each(cases)("%s", (pattern, unit, end, deterministic) => {
    expect(regex.compile(bytes(pattern))).toBe("");
    expect(regex.compileProgram(bytes(pattern))).toBe(deterministic);
    const whole = bytes(unit.repeat(65_536 / unit.length) + end);
    const part = bytes(unit.repeat(4096 / unit.length) + end);
    for (const search of [regex.search, regex.searchBySimulation]) {
      expect(search(whole)).toBe(false);
      // The same work in 16 parts: quadratic time would make the whole 16 times as expensive.
      const apart = timed(() => {
        for (let i = 0; i < 16; ++i) search(part);
      });
      expect(timed(() => void search(whole))).toBeLessThan(6 * apart + 5);
    }
  });
});

describe("compiling is bounded", () => {
  const runes = (count: number, write: (rune: string) => string): string =>
    Array.from({ length: count }, (_, i) => write(String.fromCodePoint(0x4e00 + 2 * i))).join("");

  const cases: [name: string, pattern: string][] = [
    ["beginnings of POSIX classes", "[" + "[:".repeat(8000)],
    ["an unknown POSIX class", "[" + "[:".repeat(8000) + "]"],
    ["properties", "(?i)" + "\\pL".repeat(5000)],
    ["properties in a class", "(?i)[" + "\\pL".repeat(5000) + "]"],
    ["sets with a property", runes(300, (rune) => `[\\pL${rune}]`)],
    ["distinct literals", runes(5000, (rune) => rune)],
    ["distinct sets", runes(2500, (rune) => `[^${rune}]`)],
    ["nested groups", "(".repeat(998) + "a" + ")*".repeat(998)],
    ["nested alternatives", "(a|".repeat(998) + "b" + ")*".repeat(998)],
    ["alternatives", "|".repeat(4500)],
    ["repeated repetitions", "(?:".repeat(900) + "a".repeat(9000) + "){1}".repeat(900)],
    ["nested counts", "(".repeat(9) + "a" + "){2}".repeat(9)],
    ["optional parts", "a?".repeat(4900)],
    ["exponentially many states", "[ab]*a[ab]{500}c"],
    ["empty groups", "()".repeat(8000)],
    ["assertions", "(?:\\b|a|^)*".repeat(1000)],
    ["names", "(?P<" + "n".repeat(16_000)],
  ];

  it.each(cases)("%s", (_, pattern) => {
    const start = performance.now();
    const error = regex.compile(bytes(pattern));
    expect(performance.now() - start).toBeLessThan(5000);
    if (error !== "") expect(error).toMatch(/^\d+: (expression too large|missing closing|invalid)/);
    regex.search(bytes("ab".repeat(500)));
    expect(regex.memory.buffer.byteLength).toBeLessThan(8 << 20);
  });

  it("memory stays flat, however often patterns are compiled and searched", () => {
    const text = bytes("user-1234567");
    const round = (): number => {
      for (let i = 0; i < 500; ++i) {
        regex.compile(bytes(`^user-${i}\\d+$`));
        regex.search(text);
        regex.compile(bytes(`([ab]{0,${i}}|${i}`));
      }
      return regex.memory.buffer.byteLength;
    };
    const warm = round();
    round();
    expect(round()).toBe(warm);
  });
});

describe("nothing traps", () => {
  const syntax = fc.array(
    fc.constantFrom(
      ..."()[]{}*+?|^$.\\-,:=!<>PpQEdDwWsSbBzAxULNik012é\n",
      "{2,3}",
      "[[:alpha:]]",
      "(?i)",
      "\\p{Greek}",
      "\\x{41}",
    ),
    { maxLength: 24 },
  );
  const noise = fc.uint8Array({ maxLength: 24 });
  const pattern = fc.oneof(
    noise,
    syntax.map((parts) => new Uint8Array(bytes(parts.join("")))),
    fc
      .tuple(syntax, noise)
      .map(([parts, end]) => new Uint8Array([...new Uint8Array(bytes(parts.join(""))), ...end])),
  );

  it("whatever the pattern and the text, and both ways to search find the same", () => {
    fc.assert(
      fc.property(pattern, fc.array(noise, { maxLength: 3 }), (source, texts) => {
        const error = regex.compile(source.slice().buffer);
        regex.compileProgram(source.slice().buffer);
        for (const text of [source, ...texts]) {
          const found = regex.search(text.slice().buffer);
          expect(regex.searchBySimulation(text.slice().buffer)).toBe(found);
          if (error !== "") expect(found).toBe(false);
        }
        if (error === "") return;
        const offset = Number(/^(\d+): ./.exec(error)![1]);
        expect(offset).toBeLessThanOrEqual(source.length);
      }),
      { numRuns: 5000 },
    );
  });
});
