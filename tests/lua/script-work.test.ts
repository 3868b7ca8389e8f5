// Contract: what a script costs Redis depends on the counters of a call, not on how many holds are open. Commands are counted here;
// `make bench ONLY=scripts` tells the time that they take.
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startRedisServer, type RedisServer } from "../../tools/redis-server.ts";
import { loadHarness } from "../support/as.ts";
import { SERVERS } from "./servers.ts";

interface Scripts {
  holdScript(counters: number): string;
  settleHeldScript(counters: number): string;
}

const ROWS = 10;
/** The length of a bucket, in milliseconds. */
const WIDTH = 7_500;
const WINDOW = 3600;
const COUNTERS = Array.from({ length: ROWS }, (_, i) => `higress-token-ratelimit:r:limit_by_per_ip:${i}:ann`);
const keysOf = (id: string): string[] => [
  ...COUNTERS.flatMap((counter) => [counter, `higress-token-ratelimit:held:{EBoh}:${counter}`]),
  `higress-token-ratelimit:charge:{EBoh}:${id.padEnd(22, "_")}`,
];
const HOLD = [
  ...[1, 100, 100, 0, "assumed", WIDTH, "charge", 300_000, "-", 3, 50],
  ...COUNTERS.flatMap(() => [WINDOW, 1e12]),
  "9007199254740992993",
];

describe.each(SERVERS)("on %s,", (_name, program) => {
  let server: RedisServer;
  let redis: Redis;
  let scripts: Scripts;

  beforeAll(async () => {
    scripts = await loadHarness<Scripts>("tests/lua/scripts.harness.ts");
    server = await startRedisServer({ program });
    redis = new Redis(server.port, server.host);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });
  beforeEach(async () => void (await redis.flushall()));

  /** The scripts with a clock that shows `at`, in milliseconds. */
  const withClock = (script: string, at: number): string =>
    script.replace("redis.call('TIME')", `{ ${Math.floor(at / 1000)}, ${(at % 1000) * 1000} }`);

  /** Opens holds that lapse in each of the nine buckets from `now` on. */
  async function open(count: number, now: number): Promise<void> {
    const texts = Array.from({ length: 9 }, (_, i) =>
      withClock(scripts.holdScript(16), now - (8 - i) * WIDTH),
    );
    const pipeline = redis.pipeline();
    for (let i = 0; i < count; ++i)
      pipeline.eval(texts[i % 9]!, 2 * ROWS + 1, ...keysOf(`open${i}`), ...HOLD);
    await pipeline.exec();
  }

  /** How often Redis has run each command. */
  async function commands(): Promise<string[]> {
    const info = await redis.info("commandstats");
    return [...info.matchAll(/cmdstat_(get|hmget|hset|hgetall|hdel|pttl|incrby|set|expire):calls=(\d+)/g)]
      .map(([, command, calls]) => `${command} ${calls}`)
      .sort();
  }

  it("a reservation on ten counters takes as many commands with 1,000 holds open as with 10", async () => {
    const done: string[][] = [];
    for (const count of [10, 1_000]) {
      await redis.flushall();
      const now = Date.now();
      await open(count, now);
      const load = async (script: string): Promise<string> => (await redis.script("LOAD", script)) as string;
      const hold = await load(withClock(scripts.holdScript(16), now));
      const settle = await load(withClock(scripts.settleHeldScript(16), now));
      const reserve = (id: string): Promise<unknown> =>
        redis.evalsha(hold, 2 * ROWS + 1, ...keysOf(id), ...HOLD);
      const settleCall = (id: string): Promise<unknown> => {
        const numbers = [1, 120, now + 120_000, 0, 0, 90, ...COUNTERS.map(() => WINDOW), "1"];
        return redis.evalsha(settle, 2 * ROWS + 1, ...keysOf(id), ...numbers);
      };
      await reserve("first");
      await reserve("second");
      await settleCall("second");
      await redis.config("RESETSTAT");
      await reserve("third");
      await settleCall("third");
      done.push(await commands());
    }
    expect(done[1]).toEqual(done[0]);
    const [each, both] = [ROWS, 2 * ROWS];
    // And what is learned: it is read twice, and written, and so is by how much it has lowered what is held.
    expect(done[0]).toEqual([
      `get ${each + 1}`,
      `hmget ${both + 2}`,
      `hset ${both + 2}`,
      `incrby ${each}`,
      "set 2",
    ]);
  });
});
