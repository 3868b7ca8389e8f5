import pc from "picocolors";
import { LIMIT, type Outcome } from "./scene.ts";

const COLUMNS = [
  { title: "api key", width: 7 },
  { title: "request", width: 40 },
  { title: "status", width: 8 },
  { title: "tokens", width: 6, right: true },
  { title: "counter", width: 9, right: true },
  { title: "left", width: 4, right: true },
  { title: "resets in", width: 9, right: true },
];

/** The head of the table. */
export function head(): string {
  return `${pc.bold(line(COLUMNS.map(({ title }) => title)))}\n${pc.dim(COLUMNS.map(({ width }) => "─".repeat(width)).join("  "))}`;
}

/** A row of the table. */
export function row({ step, status, tokens, counter, resetSeconds }: Outcome): string {
  const left = step.leaveAfter === undefined ? "" : ", then left";
  const request = `${step.stream ? "stream" : "plain "} ${JSON.stringify(step.prompt)}${left}`;
  const cells = line([
    step.apiKey,
    request,
    status === 429 ? "429 ✗" : `${status} ✓`,
    tokens === 0 ? "-" : step.leaveAfter === undefined ? `+${tokens}` : `~${tokens}`,
    `${counter}/${LIMIT}`,
    String(Math.max(0, LIMIT - counter)),
    `${resetSeconds} s`,
  ]);
  return status === 429 ? pc.red(cells) : counter > LIMIT ? pc.yellow(cells) : cells;
}

function line(cells: string[]): string {
  return cells
    .map((cell, index) => {
      const { width, right } = COLUMNS[index]!;
      return right ? cell.padStart(width) : cell.padEnd(width);
    })
    .join("  ")
    .trimEnd();
}
