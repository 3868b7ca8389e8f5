// The cost of whole requests: ours, the floor and the peer in turns, on a lean host and on a plain one.
import { dialectOf, type Dialect } from "./dialect.ts";
import { BenchHost } from "./host.ts";
import type { HostCalls } from "./imports.ts";
import { measure, ratioOf, spreadOf, type Effort, type Spread, type Subject } from "./measure.ts";
import type { FilterModule } from "./modules.ts";
import { PlainHost } from "./plain-host.ts";
import { LIMIT, play, prepare, THRESHOLD, type Plan, type Scenario } from "./scenarios.ts";

export interface RequestCost {
  scenario: string;
  title: string;
  host: "lean" | "plain";
  module: string;
  /** Microseconds per request. */
  cost: Spread;
  /** The cost as a multiple of the floor's, round by round. */
  overFloor: Spread;
  /** What `overFloor` should be at most; set for the plain host, see docs/bench/README.md. */
  goal?: number;
  /** Calls from the filter into the host. */
  hostCalls: number;
  redis: { commands: number; sent: number; received: number };
}

const FIRST_CALLS = 100;

/** A filter that is ready to play. */
export interface Player {
  host: BenchHost;
  redis: Dialect;
  play(scenario: Scenario): void;
}

/** Loads and configures a filter, and finds out in which dialect Redis must answer it. */
export async function playerOf(
  module: WebAssembly.Module,
  Host: typeof BenchHost = BenchHost,
  plan: Plan = LIMIT,
  wrap?: (calls: HostCalls) => HostCalls,
): Promise<Player> {
  const commands = await commandsOf(module, plan);
  return load(module, Host, plan, dialectOf(commands, THRESHOLD), wrap);
}

async function load(
  module: WebAssembly.Module,
  Host: typeof BenchHost,
  { configuration }: Plan,
  redis: Dialect,
  wrap?: (calls: HostCalls) => HostCalls,
): Promise<Player> {
  const host = await Host.load(module, wrap);
  prepare(host, configuration);
  let id = 1;
  return { host, redis, play: (scenario) => play(host, scenario, redis, ++id) };
}

/** What a filter sends to Redis for a call that it lets through; replies that it cannot read may change what follows. */
async function commandsOf(module: WebAssembly.Module, plan: Plan): Promise<Buffer[]> {
  const player = await load(module, BenchHost, plan, dialectOf([], THRESHOLD));
  const { commands } = player.host.record();
  player.play(plan.scenarios[0]!);
  player.host.stop();
  return commands;
}

/** Measures those scenarios of a plan that `wanted` names. */
export async function measureRequests(
  modules: FilterModule[],
  wanted: (name: string) => boolean,
  effort: Effort,
  plan: Plan = LIMIT,
): Promise<RequestCost[]> {
  const costs: RequestCost[] = [];
  for (const Host of [PlainHost, BenchHost]) {
    const players = await Promise.all(modules.map(({ module }) => playerOf(module, Host, plan)));
    for (const scenario of plan.scenarios) {
      if (!wanted(scenario.name)) continue;
      costs.push(...(await compare(scenario, modules, players, effort, plan)));
    }
  }
  return costs;
}

async function compare(
  scenario: Scenario,
  modules: FilterModule[],
  players: Player[],
  effort: Effort,
  plan: Plan,
): Promise<RequestCost[]> {
  const subjects = players.map((player): Subject => ({
    run: (times) => {
      for (let i = 0; i < times; ++i) player.play(scenario);
    },
  }));
  const samples = measure(subjects, effort);
  const floor = modules.findIndex(({ name }) => name === "floor");
  const isPlain = players[0]!.host instanceof PlainHost;
  return Promise.all(
    modules.map(async ({ name, module }, i) => ({
      scenario: scenario.name,
      title: scenario.title,
      host: isPlain ? "plain" : "lean",
      module: name,
      cost: spreadOf(samples[i]!.map((nanoseconds) => nanoseconds / 1000)),
      overFloor: ratioOf(samples[i]!, samples[floor]!),
      ...(scenario.goal && name === "ours" && isPlain ? { goal: scenario.goal } : {}),
      ...(await trafficOf(module, scenario, plan)),
    })),
  );
}

/** What goes between filter, host and Redis in a request. */
export async function trafficOf(
  module: WebAssembly.Module,
  scenario: Scenario,
  plan: Plan,
): Promise<Pick<RequestCost, "hostCalls" | "redis">> {
  let hostCalls = 0;
  const counted = (calls: HostCalls): HostCalls =>
    Object.fromEntries(
      Object.entries(calls).map(([name, call]) => [
        name,
        (...args: never[]): unknown => {
          ++hostCalls;
          return call(...args);
        },
      ]),
    );
  const player = await playerOf(module, BenchHost, plan, counted);
  // The first calls of a configuration are looked at more closely (`Suspicions`).
  for (let i = 0; i < FIRST_CALLS; ++i) player.play(scenario);
  hostCalls = 0;
  const recording = player.host.record();
  player.play(scenario);
  const sent = recording.commands.reduce((sum, command) => sum + command.length, 0);
  return {
    hostCalls,
    redis: { commands: recording.commands.length, sent, received: recording.replied },
  };
}
