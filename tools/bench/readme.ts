// What README.md says of the cost: the part of a published run that its readers ask for.
import { readFileSync, writeFileSync } from "node:fs";
import type { Report } from "./report.ts";
import { table } from "./table.ts";

const BEGIN = "<!-- From docs/bench/bench.json, by `make bench PUBLISH=1`. -->\n\n```\n";
const END = "```\n";

/** The measured part of the README: the lines of a code block. */
export function figures({ requests, memory, modules, machine, commit, date }: Required<Report>): string {
  const costs = requests.filter(({ host }) => host === "plain");
  const rows = costs
    .filter(({ module }) => module === "ours")
    .map(({ title, cost, overFloor, hostCalls, redis }) => {
      const floor = costs.find((other) => other.title === title && other.module === "floor")!;
      return [
        title,
        `${cost.median.toPrecision(3)} µs`,
        `${floor.cost.median.toPrecision(3)} µs`,
        `${overFloor.median.toFixed(1)}x`,
        String(hostCalls),
        String(redis.commands),
      ];
    });
  const { bytes, gzipped } = modules.find(({ name }) => name === "ai-token-ratelimit.wasm")!;
  return [
    table(["", "this filter", "the floor", "", "host calls", "Redis calls"], rows),
    "",
    `Module: ${(bytes / 1000).toFixed(0)} kB, ${(gzipped / 1000).toFixed(0)} kB gzipped`,
    `Memory of a VM after ${memory.requests.toLocaleString("en-US")} requests: ${memory.late >> 10} KiB`,
    `${date}, ${commit}, ${machine.cpu}, Node ${machine.node}, V8 ${machine.v8}`,
    "",
  ].join("\n");
}

/** The figures that a document holds; throws when it has no place for them. */
export function figuresIn(text: string): string {
  const { from, to } = placeIn(text);
  return text.slice(from, to);
}

/** Replaces the figures in a document. */
export function writeFigures(file: string, report: Required<Report>): void {
  const text = readFileSync(file, "utf8");
  const { from, to } = placeIn(text);
  writeFileSync(file, text.slice(0, from) + figures(report) + text.slice(to));
}

function placeIn(text: string): { from: number; to: number } {
  const from = text.indexOf(BEGIN) + BEGIN.length;
  const to = text.indexOf(END, from);
  if (from < BEGIN.length || to < 0)
    throw new Error(`there is no ${BEGIN.trim()} with a code block behind it`);
  return { from, to };
}
