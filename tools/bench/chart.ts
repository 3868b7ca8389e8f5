// The chart of the requests' costs, as SVG: a group of bars per kind of request, each group on its own scale.
import type { Report } from "./report.ts";
import type { RequestCost } from "./requests.ts";

const WIDTH = 760;
const MARGIN = 24;
const BARS_AT = 210;
const LONGEST = 360;
const BAR = 15;
const GAP = 4;
const GROUP_GAP = 16;
const TOP = 78;
const COLORS = { ours: "#0f766e", floor: "#a8b3c2", peer: "#d97706" };
const INK = "#1f2937";
const FAINT = "#64748b";

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
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" font-family="system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="13">`,
    "<title>Processor time per request, in the VM and its host</title>",
    `<rect width="${WIDTH}" height="${height}" rx="8" fill="#ffffff"/>`,
    text(
      MARGIN,
      32,
      "Processor time per request, in the VM and its host",
      INK,
      'font-size="16" font-weight="600"',
    ),
    ...legend(names),
    ...groups.flat(),
    text(MARGIN, height - 16, foot, FAINT, 'font-size="11"'),
    "</svg>",
    "",
  ].join("\n");
}

function colorOf(module: string): string {
  return module === "ours" ? COLORS.ours : module === "floor" ? COLORS.floor : COLORS.peer;
}

function labelOf(module: string): string {
  if (module === "ours") return "ai-token-ratelimit";
  return module === "floor" ? "floor: only the host calls" : module;
}

function legend(names: string[]): string[] {
  let x = MARGIN;
  return names.flatMap((name) => {
    const parts = [
      `<rect x="${x}" y="46" width="11" height="11" rx="2" fill="${colorOf(name)}"/>`,
      text(x + 17, 56, labelOf(name), FAINT),
    ];
    x += 17 + 7 * labelOf(name).length + 22;
    return parts;
  });
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
        `<rect x="${BARS_AT}" y="${y}" width="${Math.max(1, scale(cost.median)).toFixed(1)}" height="${BAR}" rx="2" fill="${colorOf(module)}"/>`,
        `<path d="M${from} ${middle}H${to}" stroke="${INK}" stroke-opacity="0.45"/>`,
        text(Number(to) + 8, y + BAR - 3, microseconds(cost.median) + times, FAINT, 'font-size="12"'),
      ];
    }),
  ];
}

function microseconds(value: number): string {
  return value >= 1000 ? `${(value / 1000).toFixed(2)} ms` : `${value.toPrecision(3)} µs`;
}

function text(x: number, y: number, content: string, fill: string, attributes = ""): string {
  const escaped = content.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);
  return `<text x="${x.toFixed(1)}" y="${y}" fill="${fill}" ${attributes}>${escaped}</text>`;
}
