// What a run of `make overshoot` has found: as text, as a chart, and what the README says of it.
import type { Environment } from "../bench/environment.ts";
import { bar, BAR, COLORS, FAINT, GAP, INK, legend, MARGIN, page, text as label } from "../bench/svg.ts";
import { table } from "../bench/table.ts";
import type { Outcome } from "./measure.ts";
import type { Result } from "./run.ts";
import type { Windows } from "./windows.ts";

export interface OvershootReport extends Environment {
  /** Of Envoy; null when there was none. */
  readonly envoy: string | null;
  /** In tokens, and how many average calls it fits. */
  readonly limit: number;
  readonly fitting: number;
  readonly results: readonly Result[];
}

export const SOURCE = "docs/bench/overshoot.json, by `make overshoot PUBLISH=1`";

/** A share of the limit in percent; never 0 for what is not 0. */
function percent(share: number): string {
  if (share === 0) return "0";
  const value = share * 100;
  return value >= 100
    ? value.toFixed(0)
    : value >= 10
      ? value.toFixed(1)
      : value.toFixed(value < 0.1 ? 3 : 2);
}

const overOf = ({ charged }: Outcome): number => Math.max(0, charged - 1);
const usedOf = ({ charged }: Outcome): number => Math.min(1, charged);
const share = (outcome: Outcome | undefined, of: (one: Outcome) => number): string =>
  outcome === undefined ? "-" : percent(of(outcome));
/** The highest share of the limit that was counted in a window. */
const mostOf = (windows: Windows | undefined): number => Math.max(0, ...(windows?.shares ?? []));
/** How much of the limit was used in the windows that ended in time, which all but the last did. */
function usedInWindows({ shares }: Windows): number {
  const ended = shares.slice(0, -1);
  return ended.reduce((sum, one) => sum + Math.min(1, one), 0) / ended.length;
}
const whole = (count: number | undefined): string => (count === undefined ? "-" : count.toFixed(0));

export function text(report: OvershootReport): string {
  const { commit, machine, envoy, limit, fitting, results } = report;
  const rows = results.map((result) => {
    const { gateway, answers, mode, calls, burst, retried, windows } = result;
    const off = results.find(
      (one) =>
        one.mode === "off" && one.gateway === gateway && one.answers === answers && one.calls === calls,
    );
    const added = (of: (one: Outcome) => number): string =>
      off === undefined || off === result || burst.rejected > 0
        ? "-"
        : (of(burst) - of(off.burst)).toFixed(2);
    return [
      gateway,
      answers,
      mode,
      String(calls),
      whole(burst.through),
      whole(burst.rejected),
      whole(burst.clamped),
      share(burst, overOf),
      share(burst, usedOf),
      whole(retried?.through),
      share(retried, overOf),
      share(retried, usedOf),
      whole(windows?.through),
      windows ? percent(Math.max(0, mostOf(windows) - 1)) : "-",
      windows ? percent(usedInWindows(windows)) : "-",
      burst.p50.toFixed(2),
      added(({ p50 }) => p50),
      burst.p99.toFixed(2),
      added(({ p99 }) => p99),
      burst.trips.toFixed(2),
      String(burst.unchecked + (retried?.unchecked ?? 0)),
    ];
  });
  const columns = [
    ...["gateway", "answers", "mode", "calls", "passed", "429", "capped", "% over", "% used"],
    ...["retried: passed", "% over", "% used", "windows: passed", "% over", "% used"],
    ...["p50 ms", "added", "p99 ms", "added", "trips", "unchecked"],
  ];
  return [
    `ai-token-ratelimit ${commit}, Envoy ${envoy ?? "-"}, on ${machine.cpu}, ${machine.cores} cores, which all processes share`,
    `Parallel calls of one caller on a limit of ${limit} tokens, which fits ${fitting} average calls. No call is answered before`,
    "all of them have been decided. % over: charged above the limit; % used: of the limit. retried: clients come back after a",
    "429, as Retry-After says. windows: they also end meanwhile; passed in one on average; % over: in the worst of them. p50, p99:",
    "until a call reaches the model or is rejected; added: to that without reservations, where all pass. trips: to Redis, for each",
    "attempt. unchecked: passed without an answer from Redis.",
    "",
    table(columns, rows),
    "",
  ].join("\n");
}

/** The highest share of the limit that was charged in a mode, however it was called. */
function worst(results: readonly Result[], mode: string, calls: number): number {
  const chosen = results.filter((one) => one.mode === mode && one.calls === calls);
  return Math.max(
    ...chosen.flatMap(({ burst, retried, windows }) => [
      burst.charged,
      retried?.charged ?? 0,
      mostOf(windows),
    ]),
  );
}

const modesOf = (results: readonly Result[]): string[] => [...new Set(results.map(({ mode }) => mode))];

/** The lines in the README. */
export function figures({ results, fitting, date, commit, machine, envoy }: OvershootReport): string {
  const calls = Math.max(...results.map((one) => one.calls));
  const rows = modesOf(results).map((mode) => {
    const chosen = results.filter((one) => one.mode === mode && one.calls === calls);
    const least = (of: (one: Result) => Outcome | undefined): number =>
      Math.min(...chosen.map((one) => usedOf(of(one) ?? one.burst)));
    return [
      `${mode}`,
      `${percent(Math.max(0, worst(results, mode, calls) - 1))} %`,
      `${percent(least(({ burst }) => burst))} %`,
      `${percent(least(({ retried }) => retried))} %`,
    ];
  });
  return [
    `${calls.toLocaleString("en-US")} parallel calls, a limit that fits ${fitting} of them`,
    "",
    table(["mode", "over the limit", "of it used at once", "with retries"], rows),
    "",
    `${date}, ${commit}, ${machine.cpu}, Node ${machine.node}${envoy === null ? "" : `, Envoy ${envoy}`}`,
    "",
  ].join("\n");
}

const BARS_AT = 165;
const LONGEST = 430;
const TOP = 78;
const GROUP_GAP = 16;
const MODE_COLORS: Readonly<Record<string, string>> = {
  off: COLORS.floor,
  estimate: "#5eaaa4",
  clamp: COLORS.ours,
};

/** What was charged at most, as a multiple of the limit: a group of bars for each number of calls. */
export function chart({ results, date, commit, machine, fitting }: OvershootReport): string {
  const modes = modesOf(results);
  const counts = [...new Set(results.map(({ calls }) => calls))];
  const groupHeight = modes.length * (BAR + GAP) - GAP;
  const longest = Math.max(...counts.flatMap((calls) => modes.map((mode) => worst(results, mode, calls))));
  const scale = (times: number): number => (times / longest) * LONGEST;
  const bottom = TOP + counts.length * (groupHeight + GROUP_GAP);
  const groups = counts.flatMap((calls, i) => {
    const top = TOP + i * (groupHeight + GROUP_GAP);
    const name = calls === 1 ? "1 call" : `${calls.toLocaleString("en-US")} calls at once`;
    return [
      label(MARGIN, top + groupHeight / 2 + 4, name, INK),
      ...modes.flatMap((mode, j) => {
        const times = worst(results, mode, calls);
        const y = top + j * (BAR + GAP);
        const said = `${times >= 10 ? times.toFixed(1) : times.toFixed(3)} × the limit`;
        return [
          bar(BARS_AT, y, scale(times), MODE_COLORS[mode] ?? COLORS.peer),
          label(BARS_AT + Math.max(scale(times), scale(1)) + 8, y + BAR - 3, said, FAINT, 'font-size="12"'),
        ];
      }),
    ];
  });
  const line = BARS_AT + scale(1);
  return page(
    `Tokens charged to one caller whose limit fits ${fitting} calls`,
    `${date}, ${commit}, ${machine.cpu}; the highest of all gateways, of JSON and streams, with and without retries`,
    bottom + 34,
    [
      ...legend(modes.map((mode) => [mode, MODE_COLORS[mode] ?? COLORS.peer])),
      ...groups,
      `<path d="M${line.toFixed(1)} ${TOP - 6}V${bottom - GROUP_GAP + 6}" stroke="${INK}" stroke-opacity="0.6" stroke-dasharray="3 3"/>`,
    ],
  );
}
