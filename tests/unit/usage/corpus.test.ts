// Contract of assembly/usage: recorded responses of some fifty providers are counted exactly, however they are cut.
// The collection is not part of the project: this runs only where CORPUS_DIR points to it (see its README and manifest).
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { eventEnds, random } from "./fixtures.ts";
import { usage } from "./scanner.ts";

interface Counts {
  input?: number | null;
  output?: number | null;
  total: number;
  cached?: number | null;
  cache_write?: number | null;
  reasoning?: number | null;
  /** What is billed, where that is more than what is reported for the answer itself. */
  billed_input?: number;
  billed_output?: number;
}

interface Entry {
  file: string;
  provider: string;
  framing: string;
  content_type: string | null;
  expected: Counts | null;
  features: string[];
}

const directory = process.env.CORPUS_DIR;
const entries = directory
  ? (JSON.parse(readFileSync(join(directory, "manifest.json"), "utf8")) as { files: Entry[] }).files
  : [];

/** Whether the manifest states this part: none is "not reported", except in sums over lines, which have no parts. */
const states = (entry: Entry, part: "cached" | "cache_write" | "reasoning"): boolean =>
  entry.framing !== "jsonl" || entry.expected?.[part] != null;

/** What the harness prints, without what the manifest does not state. */
function comparable(printed: string, entry: Entry): string {
  let text = printed;
  if (!states(entry, "cached")) text = text.replace(/ cached \d+/, "");
  if (!states(entry, "cache_write")) text = text.replace(/ written \d+/, "");
  if (!states(entry, "reasoning")) text = text.replace(/ reasoning \d+/, "");
  return text;
}

/** The same for what the manifest expects; a part can be no more than the whole. */
function expectation(entry: Entry): string {
  const counts = entry.expected;
  if (counts === null) return "none";
  // Where only a total is known, all of it is input.
  const output = Math.max(counts.output ?? 0, counts.billed_output ?? 0);
  const input = Math.max(
    counts.input ?? (counts.output == null ? counts.total : 0),
    counts.billed_input ?? 0,
  );
  let text = `${input} ${output}`;
  if (states(entry, "cached")) text += ` cached ${Math.min(counts.cached ?? 0, input)}`;
  if (states(entry, "cache_write")) text += ` written ${counts.cache_write ?? 0}`;
  if (states(entry, "reasoning")) text += ` reasoning ${Math.min(counts.reasoning ?? 0, output)}`;
  return text;
}

describe.runIf(directory !== undefined)("the corpus", () => {
  it("is counted exactly, in every cutting", () => {
    const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000);
    console.log(`seed ${seed}`);
    const next = random(seed);
    const failures: { provider: string; file: string; cut: string; got: string; expected: string }[] = [];
    let checked = 0;
    for (const entry of entries) {
      if (entry.features.includes("ambiguous")) continue;
      const bytes = readFileSync(join(directory ?? "", entry.file));
      const body = new Uint8Array(bytes).buffer;
      const type = entry.content_type ?? "";
      const expected = expectation(entry);
      const check = (cut: string, got: string): boolean => {
        const right = comparable(got, entry) === expected;
        if (!right) failures.push({ provider: entry.provider, file: entry.file, cut, got, expected });
        return right;
      };
      ++checked;
      if (!check("whole", usage.scan(body, type, []))) continue;
      check("per event", usage.scan(body, type, eventEnds(bytes)));
      check("16 KB", usage.scanBy(body, type, 16384));
      for (let i = 0; i < 3; ++i) {
        const cuts: number[] = [];
        for (let at = 0; at < bytes.length; at += 1 + Math.floor(next() ** 3 * 4000)) cuts.push(at);
        check("random", usage.scan(body, type, cuts));
      }
      if (bytes.length <= 20480) check("bytes", usage.scanBy(body, type, 1));
      if (bytes.length <= 6000) {
        const cut = usage.firstWrongCut(body, type, usage.scan(body, type, []));
        if (cut >= 0) check(`at ${cut}`, usage.scan(body, type, [cut]));
      }
    }
    if (failures.length > 0) console.table(failures);
    expect(failures.map((f) => f.file)).toEqual([]);
    expect(checked).toBeGreaterThan(0);
  }, 600_000);
});
