// Contract of assembly/regex cost: what a search may take is not more than is said of its pattern when it is configured, and
// patterns that are made to take long are known as such. Measured times are compared with room for a busy machine.
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";

interface Harness {
  compileProgram(pattern: ArrayBuffer): boolean;
  size(pattern: ArrayBuffer): number;
  searchBySimulation(text: ArrayBuffer): boolean;
  compile(pattern: ArrayBuffer): string;
  search(text: ArrayBuffer): boolean;
  simulationCost(size: number): number;
  automatonCost(): number;
}

let regex: Harness;
beforeAll(async () => {
  regex = await loadHarness<Harness>("tests/unit/regex/regex.harness.ts");
});

const bytes = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer;
/** Texts of 4 KB that keep many threads alive. */
const TEXTS = ["a", "ab", "abcdefgh", "é", "\u212a", "a ", "x1_"].map((unit) =>
  bytes(unit.repeat(4096 / bytes(unit).byteLength)),
);
/** The most nanoseconds for a byte of one of the texts, each measured at its best. */
const measured = (search: (text: ArrayBuffer) => boolean): number =>
  Math.max(
    ...TEXTS.map((text) => {
      let least = Infinity;
      for (let run = 0; run < 5; ++run) {
        const start = performance.now();
        search(text);
        least = Math.min(least, performance.now() - start);
      }
      return (least * 1e6) / text.byteLength;
    }),
  );

describe("the cost of a search", () => {
  it.each([
    "(a{0,30}){0,30}b",
    "(?:a?){900}a{900}b",
    "[ab]*a[ab]{12}c",
    "([a-z]{1,10}){1,100}9",
    "(\\pL{1,9}){1,99}9",
    "(?:(?:a|b|c|d|e|f|g|h)?){300}9",
    "(?:.{0,50}){0,20}9",
    "(?:[^b]?[^c]?){450}9",
    "(?:(?:^|$|\\b|\\B|a)*){150}9",
    ".*a.{20}b",
    "[0-9]+-[a-z]+@x",
  ])("of %s is at most what its size says", (pattern) => {
    regex.compileProgram(bytes(pattern));
    const expected = regex.simulationCost(regex.size(bytes(pattern)));
    expect(measured(regex.searchBySimulation)).toBeLessThan(4 * expected);
  });

  it.each(["(?:a?){900}b", "[0-9]+-[a-z]+@x", "(?i)team-.*é", "^Bearer [A-Za-z0-9._-]+$"])(
    "of %s is that of an automaton",
    (pattern) => {
      expect(regex.compileProgram(bytes(pattern))).toBe(true);
      regex.compile(bytes(pattern));
      expect(measured(regex.search)).toBeLessThan(4 * regex.automatonCost());
    },
  );

  it("is not said to be many times what the worst patterns take", () => {
    regex.compileProgram(bytes("(?:a?){900}a{900}b"));
    const expected = regex.simulationCost(regex.size(bytes("(?:a?){900}a{900}b")));
    expect(measured(regex.searchBySimulation)).toBeGreaterThan(expected / 20);
  });
});
