// Scenario: 10,000 calls at once and at random: clients and upstreams give up in the middle, the filter rejects, the
// connection to Redis breaks between a command and its reply, Redis is killed and started again. At the end each
// counter holds exactly what its calls were worth: nothing lost, nothing charged twice.
// What a call is worth is told by a second instance of the filter, to which nothing happens.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, expect, it } from "vitest";
import { startRedisServer } from "../../tools/redis-server.ts";
import { RedisConnection } from "../../gateway/src/redis/connection.ts";
import { newCall, play, randomOf, worth, type Call } from "../support/calls.ts";
import { MODULES, REDIS, ROOT, start } from "../support/filter.ts";
import { SEED } from "../support/fuzz.ts";

const CALLS = Number(process.env.SETTLEMENT_CALLS ?? 10_000);
const AT_ONCE = 40;
/**
 * What happens while Redis is away, however long it takes to come back: so many calls, and so many milliseconds by the
 * clock of the filter. It gives up with more than 1,024 charges waiting, and on one that fails for half a minute whenever
 * it is tried, which is not the subject here.
 */
const AWAY = { calls: 500, milliseconds: 3_000 };
const CONFIG = {
  rule_name: "r",
  rule_mode: "all_match",
  rule_items: [
    {
      limit_by_header: "x-api-key",
      limit_keys: [
        { key: "tight", token_per_day: 20_000 },
        { key: "loose", token_per_day: 1_000_000_000 },
      ],
    },
    { limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", token_per_hour: 1e9, token_per_day: 1e9 }] },
  ],
  redis: REDIS,
};
const [, FILE] = MODULES[0];
const directory = mkdtempSync(join(tmpdir(), "ai-token-ratelimit-settlement-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const next = randomOf(SEED);

function encode(args: Buffer[]): Buffer {
  const parts = args.flatMap((arg) => [Buffer.from(`$${arg.length}\r\n`), arg, Buffer.from("\r\n")]);
  return Buffer.concat([Buffer.from(`*${args.length}\r\n`), ...parts]);
}

it(`settles ${CALLS} calls exactly`, { timeout: 240_000 }, async () => {
  console.log(`FUZZ_SEED=${SEED}`);
  const reference = await start(FILE, CONFIG);
  const host = await start(FILE, CONFIG);
  let server = await startRedisServer({ directory });
  const { port } = server;

  // The filter's commands go to the real Redis over a connection that breaks now and then.
  let connection = null as RedisConnection | null;
  const connect = (): RedisConnection =>
    new RedisConnection(
      {
        address: { host: "127.0.0.1", port },
        username: "",
        password: "",
        database: 0,
        timeout: 2000,
        connectTimeout: 2000,
      },
      () => (connection = null),
    );
  let inFlight = 0;
  const send = (): void => {
    for (const command of host.pending.splice(0)) {
      inFlight++;
      connection ??= connect();
      connection.send(encode(command.args), (reply) => {
        inFlight--;
        host.deliver(ROOT, command.token, reply === null ? 1 : 0, reply);
        send();
      });
      // By the command, not by the time: a charge whose connection breaks each time it is tried is given up.
      if (next() < 0.002) connection.close();
    }
  };

  const expected = new Map<string, number>();
  const running = new Map<number, { call: Call; steps: Generator<void> | null }>();
  let started = 0;
  let rejected = 0;
  let kills = 0;
  const away = { calls: 0, milliseconds: 0 };
  let restart: Promise<void> | null = null;
  while (started < CALLS || running.size > 0) {
    while (running.size < AT_ONCE && started < CALLS) {
      if (restart !== null && ++away.calls > AWAY.calls) break;
      const id = 10 + started++;
      const call = newCall(next);
      host.request(id, ROOT, call.headers, false);
      running.set(id, { call, steps: null });
      send();
    }
    for (const [id, one] of [...running]) {
      if (next() < 0.4) continue;
      const stream = host.streams.get(id)!;
      if (one.steps === null) {
        if (stream.localResponse !== null) {
          rejected++;
          host.end(id);
          running.delete(id);
          continue;
        }
        if (stream.continued === 0) {
          // Still waiting for Redis; now and then the client does not.
          if (next() < 0.002) {
            host.end(id);
            running.delete(id);
          }
          continue;
        }
        const { keys, tokens } = worth(reference, id, one.call);
        for (const key of keys) expected.set(key, (expected.get(key) ?? 0) + tokens);
        one.steps = play(host, id, one.call);
      }
      if (one.steps.next().done === true) running.delete(id);
      send();
    }
    if (restart === null && kills < 3 && started > ((kills + 1) * CALLS) / 4) {
      kills++;
      away.calls = 0;
      away.milliseconds = 0;
      restart = server
        .stop()
        .then(() => startRedisServer({ port, directory }))
        .then((again) => {
          server = again;
          restart = null;
        });
    }
    if (restart === null || (away.milliseconds += 5) < AWAY.milliseconds) host.pass(ROOT, 5);
    send();
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (restart !== null) await restart;
  while (inFlight > 0 || host.tickPeriod > 0) {
    host.pass(ROOT, 500);
    send();
    // The clock of the filter is far ahead of Redis' here: charges are tried again in earnest, not just until given up.
    await new Promise((resolve) => setTimeout(resolve, 10));
  }

  const redis = new Redis(port, "127.0.0.1");
  const counters = (await redis.keys("higress-token-ratelimit:*")).filter((key) => !key.includes(":charge:"));
  const counted = await Promise.all(
    counters.map(async (key) => [key, Number(await redis.get(key))] as const),
  );
  redis.disconnect();
  await server.stop();

  const metrics = Object.fromEntries(host.metrics);
  expect(metrics["ai_token_ratelimit.lost_tokens"] ?? 0n).toBe(0n);
  expect(Object.fromEntries(counted.sort())).toEqual(Object.fromEntries([...expected].sort()));
  // The scene was what it promises to be.
  expect(kills).toBe(3);
  expect(rejected).toBeGreaterThan(0);
  expect(Number(metrics["ai_token_ratelimit.redis_failures.network"])).toBeGreaterThan(100);
  console.log(
    `${CALLS} calls, ${rejected} rejected, ${metrics["ai_token_ratelimit.redis_failures.network"]} failures of the network`,
  );
});
