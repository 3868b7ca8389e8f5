// What it costs to tell of decisions: an allowed request while nobody can ask for its record, while somebody could ask and does
// not, and while each record becomes filter state; in turns, on the lean host.
import { BenchHost } from "./host.ts";
import { measure, spreadOf, type Effort, type Spread } from "./measure.ts";
import { playerOf, trafficOf } from "./requests.ts";
import { CONFIGURATION, SCENARIOS } from "./scenarios.ts";

export interface RecordCost {
  title: string;
  /** Of a whole allowed request, in microseconds. */
  request: Spread;
  /** The same without that of the first, round by round. */
  more: Spread;
  /** What `more` may be at most; null if there is no goal. */
  goal: number | null;
  /** Calls from the filter into the host. */
  hostCalls: number;
}

const VOICES = [
  { title: "nobody can ask", configuration: {}, goal: null },
  {
    title: "a client could ask",
    configuration: { debug: { header: "x-explain", secret: "a secret of the bench" } },
    goal: 1,
  },
  { title: "each is filter state", configuration: { decision_log: true }, goal: null },
];

export async function measureRecords(module: WebAssembly.Module, effort: Effort): Promise<RecordCost[]> {
  const plans = VOICES.map(({ configuration }) => {
    const all = JSON.stringify({ ...(JSON.parse(CONFIGURATION) as object), ...configuration });
    return { configuration: all, scenarios: SCENARIOS };
  });
  const players = await Promise.all(plans.map((plan) => playerOf(module, BenchHost, plan)));
  const traffics = await Promise.all(plans.map((plan) => trafficOf(module, SCENARIOS[0]!, plan)));
  const subjects = players.map((player) => ({
    run: (times: number): void => {
      for (let i = 0; i < times; ++i) player.play(SCENARIOS[0]!);
    },
  }));
  const samples = measure(subjects, effort).map((costs) => costs.map((nanoseconds) => nanoseconds / 1000));
  return VOICES.map(({ title, goal }, i) => ({
    title,
    goal,
    hostCalls: traffics[i]!.hostCalls,
    request: spreadOf(samples[i]!),
    more: spreadOf(samples[i]!.map((cost, round) => cost - samples[0]![round]!)),
  }));
}
