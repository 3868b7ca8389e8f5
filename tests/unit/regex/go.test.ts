// Contract: assembly/regex accepts, refuses (in the same words, quoting the same part) and finds what Go's regexp does.
// Specified by go/verdicts.jsonl, which go/main.go printed.
import { readFileSync } from "node:fs";
import { beforeAll, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";

interface Harness {
  compile(pattern: ArrayBuffer): string;
  compileProgram(pattern: ArrayBuffer): boolean;
  search(text: ArrayBuffer): boolean;
  searchBySimulation(text: ArrayBuffer): boolean;
}

interface Verdict {
  pattern: string;
  error?: string;
  texts?: string[];
  found?: string;
}

let regex: Harness;
beforeAll(async () => {
  regex = await loadHarness<Harness>("tests/unit/regex/regex.harness.ts");
});

const lines = readFileSync(new URL("go/verdicts.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n");
const { go } = JSON.parse(lines[0]!) as { go: string };
const verdicts = lines.slice(1).map((line) => JSON.parse(line) as Verdict);
const bytes = (binary: string): ArrayBuffer => Uint8Array.from(binary, (c) => c.charCodeAt(0)).buffer;

it(`refuses what ${go} refuses, in its words`, () => {
  for (const { pattern, error } of verdicts) {
    const answer = regex.compile(bytes(pattern));
    if (error === undefined) {
      expect([pattern, answer]).toEqual([pattern, ""]);
      continue;
    }
    const reason = error.split(": `")[0]!;
    // Go quotes the whole pattern, or the rest of it, where we tell the offset only.
    const whole = /^(missing closing|unexpected \)|trailing backslash|invalid UTF-8|expression)/.test(reason);
    const words = answer.replace(/^\d+: /, "").slice(0, (whole ? reason : error).length);
    expect([pattern, words]).toEqual([pattern, whole ? reason : error]);
  }
});

it(`finds what ${go} finds, with and without an automaton`, () => {
  for (const { pattern, texts = [], found = "" } of verdicts) {
    regex.compile(bytes(pattern));
    regex.compileProgram(bytes(pattern));
    const verdict = (search: (text: ArrayBuffer) => boolean): string =>
      texts.map((text) => (search(bytes(text)) ? "1" : "0")).join("");
    expect([pattern, verdict(regex.search)]).toEqual([pattern, found]);
    expect([pattern, verdict(regex.searchBySimulation)]).toEqual([pattern, found]);
  }
});
