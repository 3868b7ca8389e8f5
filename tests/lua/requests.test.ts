// Contract of counters of requests, on a real Redis: the script that admits a call counts it, once, on all of its counters or on
// none. Specified in assembly/ledger/lua/hold.lua.
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fuzz } from "../support/fuzz.ts";
import { KindsRedis, WIDTH, type Row } from "./kinds-redis.ts";
import { SERVERS } from "./servers.ts";

const HOUR = 3_600_000;
/** The kinds of windows that count requests, ten in an hour. */
const KINDS = ["r3600", "rs3600", "rb3600:10", "rc3600+1800"];

describe.each(SERVERS)("on %s,", (_name, program) => {
  let on: KindsRedis;

  beforeAll(async () => {
    on = await KindsRedis.start(program);
  });
  afterAll(() => on.stop());
  beforeEach(() => on.reset());

  const used = async (kind: string): Promise<number> => (await on.read(kind, 10))[0];

  it.each(KINDS)("%s admits exactly as many calls as its limit, whatever they cost", async (kind) => {
    for (let i = 0; i < 10; ++i)
      expect((await on.ask([[kind, 10]], 1_000_000 * i)).granted).toBe(1_000_000 * i);
    for (let i = 0; i < 3; ++i) {
      const { granted, rows } = await on.ask([[kind, 10]], 0);
      expect([granted, rows[0]![0], rows[0]![2]]).toEqual([-1, 10, 0]);
      expect(rows[0]![1]).toBeGreaterThan(0);
      expect(rows[0]![1]).toBeLessThanOrEqual(kind.startsWith("rs") ? 2 * HOUR : HOUR);
    }
    expect(await used(kind)).toBe(10);
    expect(await on.redis.keys("h*")).toEqual([]);
    await on.pass(2 * HOUR);
    expect((await on.ask([[kind, 10]], 1)).granted).toBe(1);
    expect(await used(kind)).toBe(1);
  });

  it.each(KINDS)("%s says exactly when the next call will be admitted", async (kind) => {
    for (let i = 0; i < 10; ++i) {
      await on.ask([[kind, 10]], 5);
      await on.pass(10_000);
    }
    const [, leftMs] = (await on.ask([[kind, 10]], 5)).rows[0]!;
    await on.pass(leftMs - 30_000);
    expect((await on.ask([[kind, 10]], 5)).granted).toBe(-1);
    await on.pass(30_001);
    expect((await on.ask([[kind, 10]], 5)).granted).toBe(5);
  });

  it.each(KINDS)(
    "%s counts a call once, however often its question is repeated, and never at its end",
    async (kind) => {
      const rows: Row[] = [[kind, 10]];
      const { id } = await on.ask(rows, 5);
      expect((await on.ask(rows, 5, { id })).granted).toBeNaN();
      expect(await on.settle(rows, 500, id)).toEqual([0]);
      expect(await on.settle(rows, 500, id)).toEqual([]);
      expect((await on.ask(rows, 5, { id })).granted).toBeNaN();
      await on.settle(rows, 500);
      expect(await used(kind)).toBe(1);
    },
  );

  it.each(KINDS)(
    "%s counts no call that another counter refuses, and holds nothing where it refuses",
    async (kind) => {
      const rows: Row[] = [
        [kind, 1],
        ["3600", 100],
        ["rc86400+0", 5],
        ["i", 2],
      ];
      expect((await on.ask(rows, 101)).granted).toBe(-1);
      expect(await on.redis.keys("*")).toEqual([]);
      const first = await on.ask(rows, 60);
      expect(first.granted).toBe(60);
      const { rows: denied } = await on.ask(rows, 10);
      expect(denied.map(([value, , held]) => [value, held])).toEqual([
        [1, 0],
        [0, 60],
        [1, 0],
        [0, 1],
      ]);
      expect(await on.settle(rows, 33, first.id)).toEqual([0, 33, 0, 0]);
    },
  );

  it("reading counts nothing, and neither does a call that the first of two limits on calls refuses", async () => {
    await on.ask([["r60", 3]], 0);
    expect(await used("r60")).toBe(1);
    expect(await used("r60")).toBe(1);
    await on.ask(
      [
        ["r60", 1],
        ["r3600", 9],
      ],
      0,
    );
    expect(await on.redis.exists("k1")).toBe(0);
  });

  it("gives a counter that has lost its expiry a new one, and leaves alone what holds no number", async () => {
    await on.redis.set("k0", 3);
    await on.ask([["r60", 10]], 0);
    expect(await on.redis.get("k0")).toBe("4");
    expect(await on.redis.pttl("k0")).toBeGreaterThan(59_000);
    await on.redis.del("k0");
    await on.redis.rpush("k0", "x");
    expect((await on.ask([["r60", 10]], 7)).granted).toBe(7);
    expect([await on.redis.type("k0"), await on.redis.pttl("k0")]).toEqual(["list", -1]);
    await on.redis.set("k0", "many", "KEEPTTL").catch(() => on.redis.set("k0", "many"));
    expect((await on.ask([["r60", 10]], 7)).granted).toBe(7);
    expect(await on.redis.get("k0")).toBe("many");
  });

  it.each(["r3600", "rc3600+20700"])(
    "%s beside tokens agrees with a model in any history",
    async (kind) => {
      const isCalendar = kind.includes("c");
      const step = fc.oneof(
        fc.record({ do: fc.constant("ask" as const), tokens: fc.nat(40) }),
        fc.record({ do: fc.constant("again" as const), which: fc.nat(9) }),
        fc.record({ do: fc.constant("settle" as const), which: fc.nat(3), tokens: fc.nat(40) }),
        fc.record({ do: fc.constant("pass" as const), minutes: fc.nat(40) }),
      );
      const rows: Row[] = [
        [kind, 4],
        ["s3600", 1_000_000],
        ["i", 3],
      ];
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
          await on.reset(Date.parse("2026-12-01T10:10:30Z"));
          const asked: string[] = [];
          const open: { id: string; lapsesAt: number }[] = [];
          let count = 0;
          let endsAt = 0;
          for (const one of steps) {
            if (one.do === "pass") await on.pass(one.minutes * 60_000);
            if (on.now >= endsAt) count = 0;
            if (one.do === "ask") {
              const running = open.filter(({ lapsesAt }) => lapsesAt > on.now).length;
              const { id, granted } = await on.ask(rows, one.tokens);
              expect(granted).toBe(count < 4 && running < 3 ? one.tokens : -1);
              asked.push(id);
              if (granted < 0) continue;
              if (count === 0) endsAt = isCalendar ? endOfHour(on.now) : on.now + HOUR;
              count++;
              open.push({ id, lapsesAt: (Math.floor(on.now / WIDTH) + 9) * WIDTH });
            }
            const last = one.do === "settle" ? open.splice(one.which, 1)[0] : undefined;
            if (one.do === "settle" && last) await on.settle(rows, one.tokens, last.id);
            const id = one.do === "again" ? open[one.which]?.id : undefined;
            if (id !== undefined) expect((await on.ask(rows, 1, { id })).granted).toBeNaN();
            expect(Number((await on.redis.get("k0")) ?? 0)).toBe(count);
          }
        }),
        fuzz(30),
      );
    },
    120_000,
  );
});

/** When an hour ends whose clock is five hours and 45 minutes ahead. */
function endOfHour(now: number): number {
  const ahead = 20_700_000;
  return (Math.floor((now + ahead) / HOUR) + 1) * HOUR - ahead;
}
