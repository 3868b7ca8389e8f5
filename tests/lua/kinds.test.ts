// Contract of the counters that are no plain strings, on a real Redis: sliding windows, buckets, and calls at the same time, alone and
// in one script with windows. A model of a few lines is the oracle. Specified in assembly/ledger/lua/hold.lua and shared/kinds.lua.
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fuzz } from "../support/fuzz.ts";
import { KindsRedis, WIDTH, type Row } from "./kinds-redis.ts";
import { SERVERS } from "./servers.ts";

const SPAN = 10_000;

describe.each(SERVERS)("on %s,", (_name, program) => {
  let on: KindsRedis;

  beforeAll(async () => {
    on = await KindsRedis.start(program);
  });
  afterAll(() => on.stop());
  beforeEach(() => on.reset());

  const usedOf = async (kind: string, limit: number): Promise<number> => (await on.read(kind, limit))[0];

  it("a sliding window counts of the window before the part that is not yet a whole length ago", async () => {
    await on.settle([["s10", 100]], 80);
    expect(await usedOf("s10", 100)).toBe(80);
    on.now += SPAN;
    expect(await usedOf("s10", 100)).toBe(80);
    on.now += SPAN / 4;
    expect(await usedOf("s10", 100)).toBe(60);
    await on.settle([["s10", 100]], 30);
    expect(await usedOf("s10", 100)).toBe(90);
    on.now += 2 * SPAN;
    expect(await usedOf("s10", 100)).toBe(0);
  });

  it("a bucket gets its tokens back evenly, and keeps what is owed", async () => {
    await on.settle([["b10:100", 100]], 150);
    expect(await usedOf("b10:100", 100)).toBe(150);
    on.now += SPAN / 2;
    expect(await usedOf("b10:100", 100)).toBe(100);
    expect((await on.ask([["b10:100", 100]], 1)).granted).toBe(-1);
    on.now += 200;
    expect((await on.ask([["b10:100", 100]], 2)).granted).toBe(2);
  });

  it("a bucket takes a burst, and then no more than it gets back", async () => {
    expect((await on.ask([["b10:100", 300]], 300)).granted).toBe(300);
    expect((await on.ask([["b10:100", 300]], 1)).granted).toBe(-1);
  });

  it("calls at the same time hold one each, whatever they cost, and leave nothing", async () => {
    const rows: Row[] = [["i", 2]];
    const a = await on.ask(rows, 1_000_000);
    const b = await on.ask(rows, 0);
    expect([a.granted, b.granted]).toEqual([1_000_000, 0]);
    expect((await on.ask(rows, 0)).granted).toBe(-1);
    await on.settle(rows, 500, a.id);
    expect((await on.ask(rows, 0)).granted).toBe(0);
    await on.settle(rows, 0, b.id);
    expect(await on.redis.exists("k0")).toBe(0);
  });

  it("rows of all kinds share one script, which reserves on all of them or on none", async () => {
    const rows: Row[] = [
      ["60", 100],
      ["s10", 90],
      ["b10:100", 80],
      ["i", 1],
    ];
    const first = await on.ask(rows, 50);
    expect(first.granted).toBe(50);
    const denied = await on.ask(rows, 10);
    expect(denied.granted).toBe(-1);
    expect(denied.rows.map(([, , held]) => held)).toEqual([50, 50, 50, 1]);
    expect(await on.settle(rows, 70, first.id)).toEqual([70, 70, 70, 0]);
    expect((await on.ask(rows, 11)).granted).toBe(-1);
    expect((await on.ask(rows, 10)).granted).toBe(10);
  });

  it("a hold that lapses is charged to a window or a bucket, and ends a call", async () => {
    const rows: Row[] = [
      ["s3600", 100],
      ["b3600:100", 100],
      ["i", 1],
    ];
    const lost = await on.ask(rows, 40);
    on.now += 9 * WIDTH;
    expect((await on.ask(rows, 61)).granted).toBe(-1);
    const free = await on.ask(rows, 20);
    expect(free.granted).toBe(20);
    expect(await on.settle(rows, 50, lost.id)).toEqual([expect.any(Number), expect.any(Number), 0]);
  });

  const KINDS: Row[] = [
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
          await on.reset();
          for (const [tokens, ms] of spent) {
            await on.settle([[kind, limit]], tokens);
            on.now += ms;
          }
          const denied = await on.ask([[kind, limit]], asked);
          if (denied.granted >= 0) return;
          const [, waitMs] = denied.rows[0]!;
          expect(waitMs).toBeGreaterThan(0);
          on.now += waitMs + 1;
          expect((await on.ask([[kind, limit]], asked)).granted).toBe(asked);
          await on.redis.del("h0");
          if (waitMs <= 250) return;
          on.now -= 250;
          expect((await on.ask([[kind, limit]], asked)).granted).toBe(-1);
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
        await on.reset();
        const open: { id: string; tokens: number }[] = [];
        const charges: { at: number; tokens: number }[] = [];
        let owed = 0;
        let owedAt = on.now;
        const used = (): number => {
          if (isBucket) return Math.ceil(Math.max(0, owed - ((on.now - owedAt) * 100) / SPAN) - 1e-9) + 0;
          const index = Math.floor(on.now / SPAN);
          const within = (at: number): number =>
            charges
              .filter((one) => Math.floor(one.at / SPAN) === at)
              .reduce((sum, one) => sum + one.tokens, 0);
          return (
            Math.ceil(within(index) + within(index - 1) * (1 - (on.now - index * SPAN) / SPAN) - 1e-9) + 0
          );
        };
        for (const one of steps) {
          if (one.do === "pass") on.now += one.ms;
          if (one.do === "ask") {
            const held = open.reduce((sum, { tokens }) => sum + tokens, 0);
            const fits = used() + held < limit && used() + held + one.tokens <= limit;
            const { id, granted } = await on.ask([[kind, limit]], one.tokens);
            expect(granted).toBe(fits ? one.tokens : -1);
            if (fits) open.push({ id, tokens: one.tokens });
          }
          if (one.do === "settle" && open[one.which] !== undefined) {
            const id = open.splice(one.which, 1)[0]!.id;
            owed = Math.max(0, owed - ((on.now - owedAt) * 100) / SPAN) + one.tokens;
            owedAt = on.now;
            charges.push({ at: on.now, tokens: one.tokens });
            expect(await on.settle([[kind, limit]], one.tokens, id)).toEqual([used()]);
          }
        }
      }),
      fuzz(60),
    );
  });
});
