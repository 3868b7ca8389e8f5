// What reserving and settling cost Redis: processor time of a real server, which other work on the machine disturbs little.
import { Redis } from "ioredis";
import { scriptText } from "../../scripts/lua-scripts.mjs";
import { startRedisServer } from "../redis-server.ts";
import { spreadOf, type Spread } from "./measure.ts";

export interface ScriptTime {
  script: "hold" | "settle";
  counters: number;
  /** How many holds are open meanwhile. */
  open: number;
  /** Whether estimates learn from the calls. */
  learns: boolean;
  /** Microseconds. */
  time: Spread;
  /** What the median should be at most. */
  goal: number;
}

export interface ScriptEffort {
  rounds: number;
  /** Calls in a round. */
  batch: number;
  counters?: readonly number[];
  open?: readonly number[];
}

const GOAL = 60;
/** The length of a bucket of holds, in milliseconds, with the default `ttl_seconds`. */
const WIDTH = 75_000;
const BUCKETS = 9;
const WINDOW = 3600;
const TAG = "{EBoh}";

/** What a script is called with, for one caller's counters. */
class Calls {
  private readonly counters: string[];
  /** The variant of the script for so many counters. */
  readonly variant: number;

  constructor(
    count: number,
    private readonly learns: boolean,
  ) {
    this.counters = Array.from(
      { length: count },
      (_, i) => `higress-token-ratelimit:r:limit_by_per_ip:${i}:ann`,
    );
    this.variant = 2 ** Math.ceil(Math.log2(count));
  }

  hold(id: string): (string | number)[] {
    const model = this.learns ? 3 : -1;
    const numbers = [1, 100, 100, 0, "assumed", WIDTH, "charge", 40 * WIDTH, "-", model, 50];
    return [
      ...this.keys(id),
      ...numbers,
      ...this.counters.flatMap(() => [WINDOW, 1e12]),
      "9007199254740992993",
    ];
  }

  settle(id: string): (string | number)[] {
    const numbers = [1, 120, Date.now() + 120_000, 0, 0, this.learns ? 90 : -1];
    return [...this.keys(id), ...numbers, ...this.counters.map(() => WINDOW), "9007199254740992994"];
  }

  private keys(id: string): (string | number)[] {
    const pairs = this.counters.flatMap((key) => [key, `higress-token-ratelimit:held:${TAG}:${key}`]);
    return [pairs.length + 1, ...pairs, `higress-token-ratelimit:charge:${TAG}:${id.padEnd(22, "_")}`];
  }
}

/** One counter and ten, few holds open and many, learning and not. */
export async function measureScripts(effort: ScriptEffort): Promise<ScriptTime[]> {
  const { counters = [1, 10], open = [10, 10_000] } = effort;
  const server = await startRedisServer();
  const redis = new Redis(server.port, server.host);
  try {
    const times: ScriptTime[] = [];
    for (const count of counters)
      for (const learns of [false, true])
        for (const holds of open) {
          const calls = new Calls(count, learns);
          const { held, settled } = await measureOne(redis, calls, holds, effort);
          const common = { counters: count, open: holds, learns, goal: GOAL };
          times.push(
            { script: "hold", ...common, time: held },
            { script: "settle", ...common, time: settled },
          );
        }
    return times;
  } finally {
    redis.disconnect();
    await server.stop();
  }
}

async function measureOne(
  redis: Redis,
  calls: Calls,
  open: number,
  { rounds, batch }: ScriptEffort,
): Promise<{ held: Spread; settled: Spread }> {
  await redis.flushall();
  const load = async (name: string): Promise<string> =>
    (await redis.script("LOAD", scriptText(name, calls.variant))) as string;
  const [hold, settle] = [await load("hold"), await load("settle-held")];
  await openHolds(redis, calls, open);
  const held: number[] = [];
  const settled: number[] = [];
  for (let round = 0; round < rounds; ++round) {
    const ids = Array.from({ length: batch }, (_, i) => `run${round}-${i}`);
    // What Redis does for any command is no time of a script.
    const idle = await processorTime(redis, ids, (id) => ["echo", calls.hold(id).join(" ")]);
    const holding = await processorTime(redis, ids, (id) => ["evalsha", hold, ...calls.hold(id)]);
    const settling = await processorTime(redis, ids, (id) => ["evalsha", settle, ...calls.settle(id)]);
    held.push((holding - idle) / batch);
    settled.push((settling - idle) / batch);
  }
  return { held: spreadOf(held), settled: spreadOf(settled) };
}

/** Opens holds that lapse in each of the buckets there may be. */
async function openHolds(redis: Redis, calls: Calls, count: number): Promise<void> {
  const script = scriptText("hold", calls.variant);
  const now = Date.now();
  const texts = Array.from({ length: BUCKETS }, (_, i) => {
    const at = now - (BUCKETS - 1 - i) * WIDTH;
    return script.replace("redis.call('TIME')", `{ ${Math.floor(at / 1000)}, ${(at % 1000) * 1000} }`);
  });
  const pipeline = redis.pipeline();
  for (let i = 0; i < count; ++i) {
    const [keys, ...rest] = calls.hold(`open${i}`);
    pipeline.eval(texts[i % BUCKETS]!, keys as number, ...rest);
  }
  await failing(pipeline.exec());
}

/** How much processor time Redis uses for commands, in microseconds. */
async function processorTime(
  redis: Redis,
  ids: readonly string[],
  commandOf: (id: string) => (string | number)[],
): Promise<number> {
  const pipeline = redis.pipeline(ids.map((id) => commandOf(id)));
  const before = await usedBy(redis);
  await failing(pipeline.exec());
  return (await usedBy(redis)) - before;
}

async function usedBy(redis: Redis): Promise<number> {
  const info = await redis.info("cpu");
  const seconds = [...info.matchAll(/^used_cpu_(?:user|sys):([\d.]+)/gm)].map(([, value]) => Number(value));
  return seconds.reduce((sum, one) => sum + one, 0) * 1e6;
}

/** @throws the first error that is among the replies */
async function failing(replies: Promise<[Error | null, unknown][] | null>): Promise<void> {
  for (const [error] of (await replies) ?? []) if (error !== null) throw error;
}
