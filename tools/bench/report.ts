// What a run of `make bench` has found, and as text.
import type { ConfigurationCost } from "./configuration.ts";
import type { Environment } from "./environment.ts";
import type { MatchCost } from "./matching.ts";
import type { Spread } from "./measure.ts";
import type { MemoryUse } from "./memory.ts";
import type { RecordCost } from "./recording-cost.ts";
import type { RequestCost } from "./requests.ts";
import type { RegexCost, ScanCost } from "./scanning.ts";
import type { ScriptTime } from "./script-time.ts";
import { table } from "./table.ts";

/** The parts that were not measured are missing. */
export interface Report extends Environment {
  requests?: RequestCost[];
  /** Of calls that reserve their tokens. */
  reservation?: RequestCost[];
  /** Of ai-quota. */
  quota?: RequestCost[];
  /** Of telling of decisions. */
  records?: RecordCost[];
  /** Of reserving and settling, in Redis. */
  scripts?: ScriptTime[];
  matching?: MatchCost[];
  scanning?: ScanCost[];
  regex?: RegexCost[];
  configuration?: ConfigurationCost[];
  memory?: MemoryUse;
}

const HOSTS = {
  lean: "lean host, which does next to nothing itself",
  plain: "plain host, which copies and decodes what it passes on",
};

/** Three significant digits. */
const number = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
const spread = ({ median, p10, p90 }: Spread): string => `${number(median)} (${number(p10)}-${number(p90)})`;
const kibibytes = (bytes: number): string => `${(bytes / 1024).toFixed(0)} KiB`;
const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;
const times = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)}x`;
const count = (value: number): string => value.toLocaleString("en-US");
const judged = (goal: string, isMet: boolean): string => `${goal}: ${isMet ? "met" : "missed"}`;

/** The most bytes of our modules, by what the names of their files begin with; the names of others have no `.wasm`. */
const MODULE_GOALS = [
  ["ai-token-ratelimit", 220_000],
  ["ai-quota", 150_000],
] as const;
/** The goals, beside those of modules and requests. */
const GOALS = { growth: 1.5, configurationMs: 100, memoryBytes: 1 << 20 };
/** Of streams that are open at the same time, in bytes. */
const OPEN_GOALS = { begun: 6 << 10, read: 14 << 10, all: 128 << 20 };

export function text(report: Report): string {
  const parts = [heading(report)];
  if (report.requests) parts.push(...requests("Requests", report.requests));
  if (report.reservation) parts.push(...requests("Requests that reserve tokens", report.reservation));
  if (report.quota) parts.push(...requests("Requests of ai-quota", report.quota));
  if (report.records) parts.push(records(report.records));
  if (report.scripts) parts.push(scripts(report.scripts));
  if (report.matching) parts.push(...matching(report.matching));
  if (report.scanning) parts.push(scanning(report.scanning));
  if (report.regex) parts.push(regex(report.regex));
  if (report.configuration) parts.push(configuration(report.configuration));
  if (report.memory) parts.push(memory(report.memory));
  return `${parts.join("\n\n")}\n`;
}

function heading({ machine, commit, modules }: Environment): string {
  const sizes = modules.map(({ name, bytes, gzipped }) => [
    name,
    kilobytes(bytes),
    kilobytes(gzipped),
    sizeGoal(name, bytes),
  ]);
  return [
    `ai-token-ratelimit ${commit}, on ${machine.cpu}, ${machine.cores} cores; Node ${machine.node}, V8 ${machine.v8}`,
    "Medians of processor time, and in brackets the 10th and the 90th percentile.",
    "",
    table(["module", "wasm", "gzipped", "goal"], sizes),
  ].join("\n");
}

function sizeGoal(name: string, bytes: number): string {
  const [, most] = MODULE_GOALS.find(([plugin]) => name.startsWith(plugin) && name.endsWith(".wasm")) ?? [];
  return most === undefined ? "" : judged(`below ${kilobytes(most)}`, bytes < most);
}

function requests(what: string, costs: RequestCost[]): string[] {
  return (["plain", "lean"] as const).map((host) => {
    const rows = costs
      .filter((cost) => cost.host === host)
      .map(({ title, module, cost, overFloor, goal, hostCalls, redis }, i, all) => [
        title === all[i - 1]?.title ? "" : title,
        module,
        spread(cost),
        module === "floor" ? "" : times(overFloor.median),
        goal ? judged(times(goal), overFloor.median <= goal) : "",
        String(hostCalls),
        redis.commands === 0 ? "-" : `${redis.commands}: ${redis.sent} + ${redis.received}`,
      ]);
    const columns = ["request", "module", "us", "of floor", "goal", "host calls", "Redis calls: bytes"];
    return `${what}, on a ${HOSTS[host]}\n${table(columns, rows)}`;
  });
}

function records(costs: RecordCost[]): string {
  const rows = costs.map(({ title, hostCalls, request, more, goal }, i) => [
    title,
    String(hostCalls),
    spread(request),
    i === 0 ? "" : spread(more),
    goal === null ? "" : judged(`below ${goal} us`, more.median < goal),
  ]);
  return `The record of an allowed request\n${table(["record", "host calls", "us", "more", "goal"], rows)}`;
}

function scripts(times: ScriptTime[]): string {
  const rows = times.map(({ script, counters, open, learns, time, goal }) => [
    script,
    String(counters),
    learns ? "yes" : "no",
    count(open),
    spread(time),
    judged(`${goal} us`, time.median <= goal),
  ]);
  const columns = ["script", "counters", "learns", "open holds", "us", "goal"];
  return `Processor time of Redis for a script\n${table(columns, rows)}`;
}

function matching(costs: MatchCost[]): string[] {
  const kinds = [...new Set(costs.map(({ kind }) => kind))];
  const sizes = [...new Set(costs.map(({ keys }) => keys))];
  const columns = ["keys", ...sizes.map(count), `${count(sizes.at(-1)!)} to ${count(sizes[0]!)}`];
  const rows = (of: (cost: MatchCost) => Spread): string[][] =>
    kinds.map((kind) => {
      const spreads = costs.filter((cost) => cost.kind === kind).map(of);
      return [kind, ...spreads.map(spread), times(spreads.at(-1)!.median / spreads[0]!.median)];
    });
  const matches = rows(({ match }) => match).map((row, i) => {
    const of = costs.filter(({ kind }) => kind === kinds[i]);
    const isMet = of.at(-1)!.match.median <= GOALS.growth * of[0]!.match.median;
    return [...row, kinds[i] === "regexp" ? "" : judged(times(GOALS.growth), isMet)];
  });
  return [
    `Finding the limit of a request by the number of keys, in ns\n${table([...columns, "goal"], matches)}`,
    `An allowed request by the number of keys, in ns, on a lean host\n${table(
      columns,
      rows(({ request }) => request),
    )}`,
  ];
}

function scanning(costs: ScanCost[]): string {
  const rows = costs.map(({ title, bytes, chunks, perByte, perChunk }) => [
    title,
    count(bytes),
    count(chunks),
    spread(perByte),
    chunks > 1 ? spread(perChunk) : "",
  ]);
  const columns = ["text", "bytes", "chunks", "ns per byte", "ns per chunk"];
  return `Reading responses and estimating texts\n${table(columns, rows)}`;
}

function regex(costs: RegexCost[]): string {
  const patterns = [...new Set(costs.map(({ pattern }) => pattern))];
  const sizes = [...new Set(costs.map(({ size }) => size))];
  const rows = patterns.map((pattern) => [
    pattern,
    ...costs.filter((cost) => cost.pattern === pattern).map(({ perByte }) => spread(perByte)),
  ]);
  const columns = ["pattern", ...sizes.map((size) => (size < 1024 ? `${size} B` : `${size >> 10} KB`))];
  return `Searching with regular expressions by the size of the text, in ns per byte\n${table(columns, rows)}`;
}

function configuration(costs: ConfigurationCost[]): string {
  const rows = costs.map(({ kind, bytes, cold, warm, memory, memoryBefore }) => [
    kind,
    count(bytes),
    number(cold),
    spread(warm),
    judged(`${GOALS.configurationMs}`, warm.median <= GOALS.configurationMs),
    kibibytes(memory - memoryBefore),
  ]);
  const columns = ["keys", "bytes", "ms, first", "ms, later VMs", "goal", "memory"];
  return `Configuring ${count(costs[0]!.keys)} keys\n${table(columns, rows)}`;
}

function memory({ requests, configured, early, late, chunks, grownByChunks, open }: MemoryUse): string {
  const isFlat = late === early && late < GOALS.memoryBytes;
  const rows = [
    ["configured", kibibytes(configured), ""],
    ["after 1,000 requests", kibibytes(early), ""],
    [
      `after ${count(requests)} requests`,
      kibibytes(late),
      judged(`the same, below ${kibibytes(GOALS.memoryBytes)}`, isFlat),
    ],
    [
      `more for one stream of ${count(chunks)} chunks`,
      kibibytes(grownByChunks),
      judged("none", grownByChunks === 0),
    ],
  ];
  if (open) {
    const goal = (name: keyof typeof OPEN_GOALS): string =>
      judged(`below ${kibibytes(OPEN_GOALS[name])}`, open[name] < OPEN_GOALS[name]);
    const exactly = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;
    rows.push(
      ["an open stream that waits for its counters", exactly(open.waiting), ""],
      ["the same before the first byte of its response", exactly(open.begun), goal("begun")],
      ["the same while it is read", exactly(open.read), goal("read")],
      [`a VM with ${count(open.streams)} that are read`, kibibytes(open.all), goal("all")],
    );
  }
  return `Memory of the VM\n${table(["", "memory", "goal"], rows)}`;
}
