// The chart of the requests' costs, as SVG: a group of bars per kind of request, each group on its own scale.
import type { Report } from "./report.ts";
import type { RequestCost } from "./requests.ts";
import { bar, BAR, COLORS, FAINT, GAP, INK, legend, MARGIN, page, text } from "./svg.ts";

const BARS_AT = 210;
const LONGEST = 360;
const GROUP_GAP = 16;
const TOP = 78;

/** The chart, or null when no requests were measured. */
export function chart(report: Report): string | null {
  const costs = (report.requests ?? []).filter(({ host }) => host === "plain");
  if (costs.length === 0) return null;
  const titles = [...new Set(costs.map(({ title }) => title))];
  const names = [...new Set(costs.map(({ module }) => module))];
  const groupHeight = names.length * (BAR + GAP) - GAP;
  const height = TOP + titles.length * (groupHeight + GROUP_GAP) + 34;
  const groups = titles.map((title, i) =>
    group(
      title,
      costs.filter((cost) => cost.title === title),
      TOP + i * (groupHeight + GROUP_GAP),
      groupHeight,
    ),
  );
  const { cpu, node } = report.machine;
  const foot = `${report.date}, ${report.commit}, ${cpu}, Node ${node}; medians, whiskers from the 10th to the 90th percentile`;
  const title = "Processor time per request, in the VM and its host";
  return page(title, foot, height, [
    ...legend(names.map((name) => [labelOf(name), colorOf(name)])),
    ...groups.flat(),
  ]);
}

function colorOf(module: string): string {
  return module === "ours" ? COLORS.ours : module === "floor" ? COLORS.floor : COLORS.peer;
}

function labelOf(module: string): string {
  if (module === "ours") return "ai-token-ratelimit";
  return module === "floor" ? "floor: only the host calls" : module;
}

function group(title: string, costs: RequestCost[], top: number, height: number): string[] {
  const longest = Math.max(...costs.map(({ cost }) => cost.p90));
  const scale = (microseconds: number): number => (microseconds / longest) * LONGEST;
  return [
    text(MARGIN, top + height / 2 + 4, title, INK),
    ...costs.flatMap(({ module, cost, overFloor }, i) => {
      const y = top + i * (BAR + GAP);
      const middle = y + BAR / 2;
      const [from, to] = [BARS_AT + scale(cost.p10), BARS_AT + scale(cost.p90)].map((x) => x.toFixed(1));
      const times = module === "floor" ? "" : `, ${overFloor.median.toFixed(1)} × floor`;
      return [
        bar(BARS_AT, y, scale(cost.median), colorOf(module)),
        `<path d="M${from} ${middle}H${to}" stroke="${INK}" stroke-opacity="0.45"/>`,
        text(Number(to) + 8, y + BAR - 3, microseconds(cost.median) + times, FAINT, 'font-size="12"'),
      ];
    }),
  ];
}

function microseconds(value: number): string {
  return value >= 1000 ? `${(value / 1000).toFixed(2)} ms` : `${value.toPrecision(3)} µs`;
}
