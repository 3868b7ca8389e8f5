// Contract of the counters that are no plain strings, on a real Redis: sliding windows, buckets, and calls at the same time, alone and
// in one script with windows. A model of a few lines is the oracle. Specified in assembly/ledger/lua/hold.lua and shared/kinds.lua.
import fc from "fast-check";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startRedisServer, type RedisServer } from "../../tools/redis-server.ts";
import { loadHarness } from "../support/as.ts";
import { fuzz } from "../support/fuzz.ts";
import { SERVERS } from "./servers.ts";

interface Scripts {
  holdScript(counters: number): string;
  settleHeldScript(counters: number): string;
}

const NUMBER = "9007199254740992993";
const WIDTH = 1_000_000;
const SPAN = 10_000;

describe.each(SERVERS)("on %s,", (_name, program) => {
  let scripts: Scripts;
  let server: RedisServer;
  let redis: Redis;
  /** The clock of the scripts, in milliseconds; it begins with a window. */
  let now = 0;

  beforeAll(async () => {
    scripts = await loadHarness<Scripts>("tests/lua/scripts.harness.ts");
    server = await startRedisServer({ program });
    redis = new Redis(server.port, server.host);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });
  beforeEach(async () => {
    await redis.flushall();
    now = 1_000_000_000;
  });

  const withClock = (script: string): string =>
    script.replace("redis.call('TIME')", `{ ${Math.floor(now / 1000)}, ${(now % 1000) * 1000} }`);
  const size = (rows: number): number => 2 ** Math.ceil(Math.log2(rows));
  const keysOf = (rows: number, id: string): string[] => [
    ...Array.from({ length: rows }, (_, i) => [`k${i}`, `h${i}`]).flat(),
    `m:${id}`,
  ];
  let calls = 0;

  /** Asks for so many tokens on counters of these kinds; the output that was reserved, or for each what a denial says. */
  async function ask(
    rows: [kind: string, limit: number][],
    amount: number,
    { least = amount, id = `c${++calls}` } = {},
  ): Promise<{ id: string; granted: number; rows: number[][] }> {
    const keys = keysOf(rows.length, id);
    const reply = (await redis.eval(
      withClock(scripts.holdScript(size(rows.length))),
      keys.length,
      ...keys,
      ...[1, 0, amount, least, "stated", WIDTH, "charge", 3_600_000, "-"],
      ...rows.flat(),
      NUMBER,
    )) as unknown[];
    const numbers = reply.slice(0, -1).map(Number);
    if (numbers.length === 2) return { id, granted: numbers[0]!, rows: [] };
    return { id, granted: -1, rows: rows.map((_, i) => numbers.slice(3 * i, 3 * i + 3)) };
  }

  async function settle(
    rows: [kind: string, limit: number][],
    tokens: number,
    id = `c${++calls}`,
  ): Promise<number[]> {
    const keys = keysOf(rows.length, id);
    const reply = (await redis.eval(
      withClock(scripts.settleHeldScript(size(rows.length))),
      keys.length,
      ...keys,
      ...[1, tokens, now + 60_000, 0, 0],
      ...rows.map(([kind]) => kind),
      NUMBER,
    )) as unknown[];
    return reply.slice(1, -1).map(Number);
  }
  /** What a counter has used, read without reserving anything. */
  const usedOf = async (kind: string, limit: number): Promise<number> =>
    (await ask([[kind, limit]], 0, { least: 1 })).rows[0]![0]!;

  it("a sliding window counts of the window before the part that is not yet a whole length ago", async () => {
    await settle([["s10", 100]], 80);
    expect(await usedOf("s10", 100)).toBe(80);
    now += SPAN;
    expect(await usedOf("s10", 100)).toBe(80);
    now += SPAN / 4;
    expect(await usedOf("s10", 100)).toBe(60);
    await settle([["s10", 100]], 30);
    expect(await usedOf("s10", 100)).toBe(90);
    now += 2 * SPAN;
    expect(await usedOf("s10", 100)).toBe(0);
  });

  it("a bucket gets its tokens back evenly, and keeps what is owed", async () => {
    await settle([["b10:100", 100]], 150);
    expect(await usedOf("b10:100", 100)).toBe(150);
    now += SPAN / 2;
    expect(await usedOf("b10:100", 100)).toBe(100);
    expect((await ask([["b10:100", 100]], 1)).granted).toBe(-1);
    now += 200;
    expect((await ask([["b10:100", 100]], 2)).granted).toBe(2);
  });

  it("a bucket takes a burst, and then no more than it gets back", async () => {
    expect((await ask([["b10:100", 300]], 300)).granted).toBe(300);
    expect((await ask([["b10:100", 300]], 1)).granted).toBe(-1);
  });

  it("calls at the same time hold one each, whatever they cost, and leave nothing", async () => {
    const rows: [string, number][] = [["i", 2]];
    const a = await ask(rows, 1_000_000);
    const b = await ask(rows, 0);
    expect([a.granted, b.granted]).toEqual([1_000_000, 0]);
    expect((await ask(rows, 0)).granted).toBe(-1);
    await settle(rows, 500, a.id);
    expect((await ask(rows, 0)).granted).toBe(0);
    await settle(rows, 0, b.id);
    expect(await redis.exists("k0")).toBe(0);
  });

  it("rows of all kinds share one script, which reserves on all of them or on none", async () => {
    const rows: [string, number][] = [
      ["60", 100],
      ["s10", 90],
      ["b10:100", 80],
      ["i", 1],
    ];
    const first = await ask(rows, 50);
    expect(first.granted).toBe(50);
    const denied = await ask(rows, 10);
    expect(denied.granted).toBe(-1);
    expect(denied.rows.map(([, , held]) => held)).toEqual([50, 50, 50, 1]);
    expect(await settle(rows, 70, first.id)).toEqual([70, 70, 70, 0]);
    expect((await ask(rows, 11)).granted).toBe(-1);
    expect((await ask(rows, 10)).granted).toBe(10);
  });

  it("a hold that lapses is charged to a window or a bucket, and ends a call", async () => {
    const rows: [string, number][] = [
      ["s3600", 100],
      ["b3600:100", 100],
      ["i", 1],
    ];
    const lost = await ask(rows, 40);
    now += 9 * WIDTH;
    expect((await ask(rows, 61)).granted).toBe(-1);
    const free = await ask(rows, 20);
    expect(free.granted).toBe(20);
    expect(await settle(rows, 50, lost.id)).toEqual([expect.any(Number), expect.any(Number), 0]);
  });

  const KINDS: [kind: string, limit: number][] = [
    ["s10", 100],
    ["b10:100", 100],
    ["b10:100", 250],
  ];
  it.each(KINDS)("%s of %i says exactly when there is room again", async (kind, limit) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(120), fc.nat(SPAN)), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: limit }),
        async (spent, asked) => {
          await redis.flushall();
          now = 1_000_000_000;
          for (const [tokens, ms] of spent) {
            await settle([[kind, limit]], tokens);
            now += ms;
          }
          const denied = await ask([[kind, limit]], asked);
          if (denied.granted >= 0) return;
          const [, waitMs] = denied.rows[0]!;
          expect(waitMs).toBeGreaterThan(0);
          now += waitMs! + 1;
          expect((await ask([[kind, limit]], asked)).granted).toBe(asked);
          await redis.del("h0");
          if (waitMs! <= 250) return;
          now -= 250;
          expect((await ask([[kind, limit]], asked)).granted).toBe(-1);
        },
      ),
      fuzz(40),
    );
  });

  it.each(KINDS)("%s of %i agrees with a model in any history", async (kind, limit) => {
    const isBucket = kind.startsWith("b");
    const step = fc.oneof(
      fc.record({ do: fc.constant("ask" as const), tokens: fc.nat(limit) }),
      fc.record({ do: fc.constant("settle" as const), which: fc.nat(3), tokens: fc.nat(limit) }),
      fc.record({ do: fc.constant("pass" as const), ms: fc.nat(SPAN) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        await redis.flushall();
        now = 1_000_000_000;
        const open: { id: string; tokens: number }[] = [];
        const charges: { at: number; tokens: number }[] = [];
        let owed = 0;
        let owedAt = now;
        const used = (): number => {
          if (isBucket) return Math.ceil(Math.max(0, owed - ((now - owedAt) * 100) / SPAN) - 1e-9) + 0;
          const index = Math.floor(now / SPAN);
          const within = (at: number): number =>
            charges
              .filter((one) => Math.floor(one.at / SPAN) === at)
              .reduce((sum, one) => sum + one.tokens, 0);
          return Math.ceil(within(index) + within(index - 1) * (1 - (now - index * SPAN) / SPAN) - 1e-9) + 0;
        };
        for (const one of steps) {
          if (one.do === "pass") now += one.ms;
          if (one.do === "ask") {
            const held = open.reduce((sum, { tokens }) => sum + tokens, 0);
            const fits = used() + held < limit && used() + held + one.tokens <= limit;
            const { id, granted } = await ask([[kind, limit]], one.tokens);
            expect(granted).toBe(fits ? one.tokens : -1);
            if (fits) open.push({ id, tokens: one.tokens });
          }
          if (one.do === "settle" && open[one.which] !== undefined) {
            const id = open.splice(one.which, 1)[0]!.id;
            owed = Math.max(0, owed - ((now - owedAt) * 100) / SPAN) + one.tokens;
            owedAt = now;
            charges.push({ at: now, tokens: one.tokens });
            expect(await settle([[kind, limit]], one.tokens, id)).toEqual([used()]);
          }
        }
      }),
      fuzz(60),
    );
  });
});
