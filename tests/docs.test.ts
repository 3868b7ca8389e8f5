// Contract: what the documents say is so: the figures, the paths they name, the scene.
// The sources of truth are the tree, the published run of the bench and `make demo`.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { blockIn } from "../tools/bench/block.ts";
import { figures, figuresIn } from "../tools/bench/readme.ts";
import type { Report } from "../tools/bench/report.ts";
import {
  figures as overshootFigures,
  SOURCE as OVERSHOOT,
  type OvershootReport,
} from "../tools/overshoot/report.ts";

const root = resolve(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(resolve(root, path), "utf8");
const readme = read("README.md");

describe.each(["README.md", "README_zh.md"])("%s", (file) => {
  it("has the figures of the run that is published", () => {
    const report = JSON.parse(read("docs/bench/bench.json")) as Required<Report>;
    expect(figuresIn(read(file))).toBe(figures(report));
  });

  it("says how far parallel calls exceed a limit, as the run that is published found", () => {
    const report = JSON.parse(read("docs/bench/overshoot.json")) as OvershootReport;
    expect(blockIn(read(file), OVERSHOOT)).toBe(overshootFigures(report));
    // What is promised, by the figures: at most 1 % above the limit, and at least 90 % of it used.
    const calls = Math.max(...report.results.map((one) => one.calls));
    for (const { mode, retried } of report.results.filter((one) => one.calls === calls)) {
      if (mode !== "clamp") continue;
      expect(retried!.charged).toBeLessThanOrEqual(1.01);
      expect(retried!.charged).toBeGreaterThanOrEqual(0.9);
    }
  });
});

describe("README.md", () => {
  it("shows the scene as `make demo` plays it", () => {
    const output = execFileSync("node", ["--import", "tsx", "tools/demo/main.ts"], {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1" },
    });
    const scene = /```\n(ai-token-ratelimit: [\s\S]*?)```/.exec(readme)![1]!;
    // Where it runs differs each time; so may a second when the machine is busy, and when a client leaves.
    const steady = (text: string): string[] =>
      text
        .split("\n")
        .map((line) =>
          line
            .trimEnd()
            .replace(/\b(59|60)( s)?$/, "60$2")
            .replace(/~\d+ .*/, "~"),
        )
        .filter((line) => line !== "" && !line.startsWith("  gateway "));
    expect(steady(output)).toEqual(steady(scene));
  });
});

describe.each(["README.md", "ARCHITECTURE.md"])("%s", (name) => {
  it("names only files that exist", () => {
    const named = [
      ...read(name).matchAll(/[`(\s]((?:[\w.-]+\/)+[\w.*-]*|[\w-]+\.(?:md|json|yaml))[`),:;]/g),
    ].map((match) => match[1]!);
    const missing = named.filter(
      (path) =>
        !path.includes("*") &&
        !path.startsWith("build/") &&
        !/^[\d./]+$/.test(path) &&
        // A time zone.
        !/^[A-Z]\w+\/[A-Z]\w+$/.test(path) &&
        ![path, `assembly/${path}`, `tests/${path}`].some((at) => existsSync(resolve(root, at))),
    );
    expect(named.length).toBeGreaterThan(2);
    expect(missing).toEqual([]);
  });
});
