// An instance of the filter on the strict host, whose configuration is replaced while calls go on.
import { nothingCounted } from "../support/calls.ts";
import { MODULES, REDIS, start } from "../support/filter.ts";
import type { RedisCommand, StrictHost } from "../support/strict-host.ts";
import { TIMEOUT } from "./fault-plan.ts";

/** A filter, with configurations that differ in what is said to callers. */
export interface Plugin {
  file: string;
  /** What the names of its metrics begin with. */
  metrics: string;
  config: (version: number) => object;
  /** The reply to a check that lets a call through. */
  passing: (check: RedisCommand) => string;
}

const limits = (version: number): object => ({
  rule_name: "r",
  rule_mode: "all_match",
  rejected_msg: `version ${version}`,
  rule_items: [
    {
      limit_by_header: "x-api-key",
      limit_keys: [
        { key: "tight", token_per_day: 20_000 },
        { key: "loose", token_per_day: 1_000_000_000 },
      ],
    },
    { limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", token_per_day: 1_000_000_000 }] },
  ],
  token_weights: { input: 0.5, output: 3 },
  redis: { ...REDIS, timeout: TIMEOUT },
});

/** Each API key has a counter per day, and `tight` one that is soon full. */
export const LIMITER: Plugin = {
  file: MODULES[0][1],
  metrics: "ai_token_ratelimit.",
  config: limits,
  passing: nothingCounted,
};

/** An instance to which nothing happens: it tells what calls are worth. */
export const startReference = (plugin: Plugin): Promise<StrictHost> => start(plugin.file, plugin.config(0));

/** A filter, with the root contexts of the configurations that it has had. */
export class Worker {
  readonly roots = [1];
  /** How many streams each of them has. */
  private readonly streams = new Map<number, number>();
  private version = 1;
  /** Whether its process has been killed. */
  isDead = false;

  /** When each root context that is no longer used was asked to end. */
  private readonly endings = new Map<number, number>();

  private constructor(
    readonly host: StrictHost,
    readonly plugin: Plugin,
  ) {}

  /** @param connection of whose calls it sees; the filters of one gateway see the same */
  static async start(plugin: Plugin, now: number, connection: number): Promise<Worker> {
    const worker = new Worker(await start(plugin.file), plugin);
    worker.host.now = now;
    // All clocks read the same, so these alone tell the workers' charges apart.
    worker.host.properties.set("connection.id", String(connection));
    worker.host.properties.set("plugin_name", plugin.metrics);
    worker.check(worker.host.configure(1, plugin.config(1)));
    return worker;
  }

  get root(): number {
    return this.roots.at(-1)!;
  }

  /** What one of its metrics stands at. */
  metric(name: string): number {
    return Number(this.host.metrics.get(`${this.plugin.metrics}${name}`) ?? 0n);
  }

  /** For how long a root context has been asked to end, in milliseconds; -Infinity if it has not. */
  endingFor(root: number): number {
    return this.host.now - (this.endings.get(root) ?? Infinity);
  }

  opened(root: number): void {
    this.streams.set(root, (this.streams.get(root) ?? 0) + 1);
  }

  closed(root: number): void {
    this.streams.set(root, this.streams.get(root)! - 1);
    this.leave(root);
  }

  /** A configuration in place of the one of the same root context. */
  reload(): void {
    this.check(this.host.reconfigure(this.root, this.plugin.config(++this.version)));
  }

  /** A configuration with a root context of its own; the old one goes when its streams have. */
  push(): void {
    const old = this.root;
    this.roots.push(old + 1);
    this.check(this.host.configure(old + 1, this.plugin.config(++this.version)));
    this.leave(old);
  }

  private leave(root: number): void {
    if (root === this.root || (this.streams.get(root) ?? 0) > 0) return;
    this.endings.set(root, this.host.now);
    this.host.done(root);
  }

  private check(isAccepted: boolean): void {
    if (!isAccepted) throw new Error(`refused: ${this.host.lines().join("\n")}`);
  }
}
