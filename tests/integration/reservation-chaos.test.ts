// Scenario: two gateways reserve on one Redis. Replies are lost, Redis is killed and started again, and one gateway dies with holds
// open. Once those have lapsed, each counter is exactly what the calls have consumed plus what lapsed, and nothing is held.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, expect, it } from "vitest";
import { startRedisServer, type RedisServer } from "../../tools/redis-server.ts";
import { encodeCommand } from "../../gateway/src/redis/command.ts";
import { RedisConnection } from "../../gateway/src/redis/connection.ts";
import { randomOf } from "../support/calls.ts";
import { MODULES, REDIS, ROOT, start, usageBody } from "../support/filter.ts";
import { SEED } from "../support/fuzz.ts";
import type { StrictHost } from "../support/strict-host.ts";

const CALLS = 1_500;
const AT_ONCE = 60;
const KEYS = ["ann", "bob", "cid"];
const TTL_SECONDS = 2;
/** A hold lapses after nine eighths of its time at the latest. */
const LAPSED_MS = (TTL_SECONDS * 1000 * 9) / 8 + 100;
const CONFIG = {
  rule_name: "r",
  rule_mode: "all_match",
  global_threshold: { token_per_day: 1e9 },
  rule_items: [
    {
      limit_by_per_header: "x-api-key",
      limit_keys: [{ key: "*", token_per_hour: 60_000, token_per_day: 1e9 }],
    },
  ],
  reservation: { mode: "clamp", ttl_seconds: TTL_SECONDS },
  redis: REDIS,
};
/** How much faster time passes for the filter, which tries charges again after seconds. */
const PACE = 10;
const [, FILE] = MODULES[0];
const directory = mkdtempSync(join(tmpdir(), "ai-token-ratelimit-chaos-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const next = randomOf(SEED);
let started = 0;

interface Call {
  key: string;
  /** What it will report if it gets that far; null if the model fails. */
  tokens: number | null;
  /** The record of its hold. */
  marker: string;
}

/** A gateway whose filter talks to the real Redis over a connection that breaks now and then. */
class Gateway {
  readonly calls = new Map<number, Call>();
  /** Of every hold that it has asked for: the caller, and what the call has consumed so far. */
  readonly holds = new Map<string, { key: string; tokens: number }>();
  isAlive = true;
  private passedAtMs = performance.now();
  private connection: RedisConnection | null = null;
  inFlight = 0;

  private constructor(
    readonly host: StrictHost,
    private readonly port: number,
  ) {}

  static async start(port: number): Promise<Gateway> {
    const host = await start(FILE, CONFIG);
    // By this its names differ from those of others that started at the same time.
    host.properties.set("node.id", `gateway-${++started}`);
    host.now = Date.now();
    return new Gateway(host, port);
  }

  open(id: number): void {
    const key = KEYS[Math.floor(next() * KEYS.length)]!;
    const cap = 10 + Math.floor(next() * 400);
    const used = 8 + Math.floor(next() * cap);
    const body = JSON.stringify({ messages: [{ role: "user", content: "hello" }], max_tokens: cap });
    this.host.request(id, ROOT, { "x-api-key": key, "content-length": String(body.length) }, false);
    this.host.requestBody(id, body, true);
    this.add(id, key, next() < 0.1 ? null : used);
  }

  /** A call has asked for its hold. */
  add(id: number, key: string, tokens: number | null): void {
    const args = this.host.pending.at(-1)!.args.map(String);
    const marker = args[2 + Number(args[2])]!;
    this.holds.set(marker, { key, tokens: 0 });
    this.calls.set(id, { key, tokens, marker });
    this.send();
  }

  send(): void {
    for (const command of this.host.pending.splice(0)) {
      this.inFlight++;
      this.connection ??= this.connect();
      this.connection.send(encodeCommand(command.args.map(String)), (reply) => {
        this.inFlight--;
        if (!this.isAlive) return;
        this.host.deliver(ROOT, command.token, reply === null ? 1 : 0, reply);
        this.send();
      });
      if (next() < 0.005) this.connection.close();
    }
  }

  private connect(): RedisConnection {
    const options = {
      address: { host: "127.0.0.1", port: this.port },
      username: "",
      password: "",
      database: 0,
    };
    return new RedisConnection(
      { ...options, timeout: 2000, connectTimeout: 2000 },
      () => (this.connection = null),
    );
  }

  /** Goes on with each call that may; adds to `consumed` what those that end have reported. */
  step(consumed: Map<string, number>): void {
    for (const [id, call] of this.calls) {
      if (next() < 0.5) continue;
      const stream = this.host.streams.get(id)!;
      const waits = stream.continued === 0 && stream.localResponse === null;
      // Now and then a client does not wait for Redis.
      if (waits && next() > 0.01) continue;
      if (!waits && stream.localResponse === null) {
        const { tokens } = call;
        this.host.responseHeaders(id, {
          ":status": tokens === null ? "500" : "200",
          "content-type": "application/json",
        });
        this.host.responseBody(id, tokens === null ? '{"error":{}}' : usageBody(tokens - 4, 4), true);
        if (tokens !== null) consumed.set(call.key, (consumed.get(call.key) ?? 0) + tokens);
        this.holds.get(call.marker)!.tokens = tokens ?? 0;
      }
      this.host.end(id);
      this.calls.delete(id);
    }
    const nowMs = performance.now();
    this.host.pass(ROOT, Math.floor((nowMs - this.passedAtMs) * PACE));
    this.passedAtMs = nowMs;
    this.send();
  }

  get isQuiet(): boolean {
    return this.calls.size === 0 && this.inFlight === 0 && this.host.tickPeriod === 0;
  }
}

it(`keeps every counter exact through ${CALLS} reservations`, { timeout: 120_000 }, async () => {
  console.log(`FUZZ_SEED=${SEED}`);
  let server: RedisServer = await startRedisServer({ directory });
  const { port } = server;
  const gateways = [await Gateway.start(port), await Gateway.start(port)];
  const consumed = new Map<string, number>();
  let lapsed = 0;
  const admin = (): Redis => new Redis(port, "127.0.0.1");

  /** What the holds of a gateway that has died will cost: what the records say that were never settled. */
  async function bury(dead: Gateway): Promise<number> {
    dead.isAlive = false;
    while (dead.inFlight > 0) await sleep(5);
    const redis = admin();
    let holds = 0;
    for (const [marker, { key, tokens }] of dead.holds) {
      const record = await redis.get(marker);
      // It is settled.
      if (record === "") continue;
      // The charge died with the gateway.
      consumed.set(key, (consumed.get(key) ?? 0) - tokens);
      if (record === null) continue;
      holds++;
      lapsed += Number(record.split(":")[1]);
    }
    redis.disconnect();
    return holds;
  }

  let opened = 0;
  let holdsOfTheDead = 0;
  let restart: Promise<void> | null = null;
  let kills = 0;
  while (opened < CALLS || gateways.some((gateway) => !gateway.isQuiet)) {
    for (const gateway of gateways) {
      while (gateway.calls.size < AT_ONCE && opened < CALLS && restart === null) gateway.open(10 + opened++);
      gateway.step(consumed);
    }
    if (restart === null && kills === 0 && opened > CALLS / 3) {
      kills++;
      restart = server
        .stop()
        .then(() => startRedisServer({ port, directory }))
        .then((again) => {
          server = again;
          restart = null;
        });
    }
    if (restart === null && holdsOfTheDead === 0 && opened > (CALLS * 2) / 3) {
      holdsOfTheDead = await bury(gateways[1]!);
      gateways[1] = await Gateway.start(port);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await sleep(LAPSED_MS);

  // The next call of each caller finds what has lapsed.
  for (const key of KEYS) {
    const id = 10 + opened++;
    const [gateway] = gateways as [Gateway];
    gateway.host.request(id, ROOT, { "x-api-key": key });
    gateway.add(id, key, 9);
    while (!gateway.isQuiet) {
      gateway.step(consumed);
      await sleep(2);
    }
  }

  const redis = admin();
  const counters = (await redis.keys("higress-token-ratelimit:{r}:*")).sort();
  const values = Object.fromEntries(
    await Promise.all(counters.map(async (key) => [key, Number(await redis.get(key))] as const)),
  );
  const sums = await Promise.all(
    (await redis.keys("higress-token-ratelimit:held:*")).map((key) => redis.hget(key, "sum")),
  );
  redis.disconnect();
  await server.stop();

  const total = [...consumed.values()].reduce((sum, tokens) => sum + tokens, 0);
  expect(values["higress-token-ratelimit:{r}:global_threshold:86400"]).toBe(total + lapsed);
  const days = KEYS.map(
    (key) => values[`higress-token-ratelimit:{r}:limit_by_per_header:86400:x-api-key:${key}`]!,
  );
  const hours = KEYS.map(
    (key) => values[`higress-token-ratelimit:{r}:limit_by_per_header:3600:x-api-key:${key}`]!,
  );
  expect(days).toEqual(hours);
  expect(days.reduce((sum, tokens) => sum + tokens, 0)).toBe(total + lapsed);
  KEYS.forEach((key, i) => {
    expect(days[i]).toBeGreaterThanOrEqual(consumed.get(key) ?? 0);
    expect(days[i]).toBeLessThanOrEqual(60_000);
  });
  expect(sums.every((sum) => sum === null)).toBe(true);
  // The scene was what it promises to be.
  expect(kills).toBe(1);
  expect(holdsOfTheDead).toBeGreaterThan(5);
  for (const { host } of gateways) expect(host.metrics.get("ai_token_ratelimit.lost_tokens") ?? 0n).toBe(0n);
});
