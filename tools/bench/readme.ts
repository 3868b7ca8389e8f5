// What README.md says of the cost: the part of a published run that its readers ask for.
import { blockIn, writeBlock } from "./block.ts";
import type { Report } from "./report.ts";
import { table } from "./table.ts";

const SOURCE = "docs/bench/bench.json, by `make bench PUBLISH=1`";

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
export const figuresIn = (text: string): string => blockIn(text, SOURCE);

/** Replaces the figures in a document. */
export function writeFigures(file: string, report: Required<Report>): void {
  writeBlock(file, SOURCE, figures(report));
}
