// Contract of windows that end where the calendar says, on a real Redis. JavaScript's own calendar is the oracle. Specified in
// assembly/ledger/lua/hold.lua and shared/kinds.lua.
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fuzz } from "../support/fuzz.ts";
import { KindsRedis, WIDTH, type Row } from "./kinds-redis.ts";
import { SERVERS } from "./servers.ts";

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;
/** How long real time may take meanwhile, in milliseconds. */
const SLACK = 10_000;

/** When the window around `now` ends whose clock is so many seconds ahead of UTC. */
function endOf(seconds: number, ahead: number, now: number): number {
  const clock = new Date(now + ahead * SECOND);
  const [year, month, day] = [clock.getUTCFullYear(), clock.getUTCMonth(), clock.getUTCDate()];
  const midnight = Date.UTC(year, month, day);
  let end = midnight;
  if (seconds === 2_592_000) end = Date.UTC(year, month + 1, 1);
  else if (seconds === 604_800) end = midnight + (7 - ((clock.getUTCDay() + 6) % 7)) * DAY;
  else while (end <= clock.getTime()) end += seconds * SECOND;
  return end - ahead * SECOND;
}

const kindOf = (seconds: number, ahead: number): string => `c${seconds}${ahead < 0 ? "" : "+"}${ahead}`;
const LENGTHS = [60, 3_600, 86_400, 604_800, 2_592_000];
const OFFSETS = [0, 28_800, -12_600, 20_700, 50_400, -43_200];

describe.each(SERVERS)("on %s,", (_name, program) => {
  let on: KindsRedis;

  beforeAll(async () => {
    on = await KindsRedis.start(program);
  });
  afterAll(() => on.stop());
  beforeEach(() => on.reset());

  /** Starts windows of every length and offset at `now`, and compares when they end. */
  async function compareEnds(now: number): Promise<void> {
    await on.reset(now);
    const windows = LENGTHS.flatMap((seconds) => OFFSETS.map((ahead): [number, number] => [seconds, ahead]));
    const began = performance.now();
    await on.settle(
      windows.map(([seconds, ahead]): Row => [kindOf(seconds, ahead), 1]),
      5,
    );
    const lefts = await Promise.all(windows.map((_, i) => on.redis.pttl(`k${i}`)));
    const passed = performance.now() - began;
    for (const [i, [seconds, ahead]] of windows.entries()) {
      const wanted = endOf(seconds, ahead, now) - now;
      expect(wanted).toBeLessThanOrEqual(seconds === 2_592_000 ? 31 * DAY : seconds * SECOND);
      expect(lefts[i]).toBeLessThanOrEqual(wanted);
      // Real milliseconds pass meanwhile, and a key with few of them may have expired.
      if (wanted > passed + 5) expect(lefts[i]).toBeGreaterThanOrEqual(wanted - passed - 5);
    }
  }

  it.each([
    ...["2024-02-28T23:59:59.999Z", "2024-02-29T00:00:00Z", "2024-02-29T23:00:00Z", "2024-03-01T00:00:00Z"],
    ...["2100-02-28T12:00:00Z", "2100-03-01T00:00:00Z", "2000-02-29T12:00:00Z", "2400-02-29T23:59:59.999Z"],
    ...["2026-12-31T23:59:59.999Z", "2027-01-01T00:00:00Z", "2026-11-29T23:59:59Z", "2026-11-30T00:00:00Z"],
    ...["2026-04-30T15:59:59.999Z", "2026-04-30T16:00:00Z", "1970-01-01T00:00:00Z", "2399-02-28T00:00:00Z"],
  ])("ends windows where the calendar does at %s", (time) => compareEnds(Date.parse(time)));

  it("ends windows where the calendar does at any time", async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: 13_600_000_000_000 }), compareEnds), fuzz(60));
  }, 120_000);

  it("lets nobody use a second budget before the period has ended, and everybody use it then", async () => {
    const rows: Row[] = [["c86400+28800", 100]];
    await on.reset(Date.parse("2026-12-01T15:59:00Z"));
    await on.settle(rows, 100);
    const { granted, rows: denial } = await on.ask(rows, 1);
    expect([granted, denial[0]![0]]).toEqual([-1, 100]);
    expect(denial[0]![1]).toBeGreaterThan(0);
    expect(denial[0]![1]).toBeLessThanOrEqual(60_000);
    await on.pass(60_000);
    expect((await on.ask(rows, 100)).granted).toBe(100);
    expect((await on.ask(rows, 1)).granted).toBe(-1);
  });

  it("says when a period ends in which nothing was used yet, for a call that is larger than the limit", async () => {
    on.now = Date.parse("2026-02-10T00:00:00Z");
    const [used, leftMs] = (await on.ask([["c2592000+0", 10]], 11)).rows[0]!;
    expect([used, leftMs]).toEqual([0, 19 * DAY]);
    expect(await on.redis.exists("k0")).toBe(0);
  });

  describe("a counter", () => {
    const rows: Row[] = [["c3600+0", 100]];
    const NOW = Date.parse("2026-12-01T10:45:00Z");
    const LEFT = HOUR / 4;
    const left = () => on.redis.pttl("k0");
    beforeEach(() => on.reset(NOW));

    it.each([
      ["without an end", -1],
      ["that ends after its period, because the clock was set back", LEFT + HOUR],
    ])("%s is given the end of its period when it is charged, and when it denies", async (_what, ms) => {
      for (const act of [() => on.settle(rows, 1), () => on.ask(rows, 200)]) {
        await on.redis.set("k0", 150);
        if (ms > 0) await on.redis.pexpire("k0", ms);
        await act();
        expect(await left()).toBeGreaterThan(LEFT - SLACK);
        expect(await left()).toBeLessThanOrEqual(LEFT);
      }
    });

    it("that ends sooner keeps its end, and so does one that holds no number", async () => {
      await on.redis.set("k0", 150, "PX", 60_000);
      await on.settle(rows, 1);
      await on.ask(rows, 200);
      expect(await left()).toBeLessThanOrEqual(60_000);
      await on.redis.del("k0");
      await on.redis.rpush("k0", "x");
      expect((await on.settle(rows, 1))[0]).toBeNaN();
      expect((await on.ask(rows, 200)).granted).toBe(-1);
      expect(await left()).toBe(-1);
    });

    it("whose period has ended gets nothing back from a hold that was charged in it", async () => {
      const { id } = await on.ask(rows, 40);
      await on.pass(9 * WIDTH);
      await on.ask(rows, 1_000);
      expect(await on.redis.get("k0")).toBe("40");
      await on.pass(HOUR);
      await on.settle(rows, 7);
      expect(await on.settle(rows, 10, id)).toEqual([7]);
    });
  });

  it("agrees with a model in any history of holds, settlements, lapses and ends of periods", async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("ask" as const), tokens: fc.nat(60) }),
      fc.record({ do: fc.constant("settle" as const), which: fc.nat(3), tokens: fc.nat(60) }),
      fc.record({ do: fc.constant("pass" as const), ms: fc.nat(5 * WIDTH) }),
    );
    const SECONDS = 3_600;
    const AHEAD = 20_700;
    const rows: Row[] = [[kindOf(SECONDS, AHEAD), 100]];
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        await on.reset(Date.parse("2026-12-01T10:00:00Z"));
        const open: { id: string; amount: number; lapsesAt: number; chargedIn: number }[] = [];
        let spent = 0;
        let period = endOf(SECONDS, AHEAD, on.now);
        for (const one of steps) {
          if (one.do === "pass") {
            // Not so near the end of a period that real time matters.
            const later = on.now + one.ms;
            const near = endOf(SECONDS, AHEAD, later) - later;
            await on.pass(near < SLACK ? one.ms + SLACK : one.ms);
            if (on.now >= period) [spent, period] = [0, endOf(SECONDS, AHEAD, on.now)];
          }
          if (one.do === "ask") {
            for (const hold of open.filter((hold) => hold.chargedIn === 0 && hold.lapsesAt <= on.now)) {
              spent += hold.amount;
              hold.chargedIn = period;
            }
            const held = open.reduce((sum, { amount, chargedIn }) => sum + (chargedIn === 0 ? amount : 0), 0);
            const fits = spent + held < 100 && spent + held + one.tokens <= 100;
            const { id, granted } = await on.ask(rows, one.tokens);
            expect(granted).toBe(fits ? one.tokens : -1);
            const lapsesAt = one.tokens > 0 ? (Math.floor(on.now / WIDTH) + 9) * WIDTH : Infinity;
            if (fits) open.push({ id, amount: one.tokens, lapsesAt, chargedIn: 0 });
          }
          if (one.do === "settle" && open[one.which] !== undefined) {
            const hold = open.splice(one.which, 1)[0]!;
            const change = one.tokens - (hold.chargedIn === 0 ? 0 : hold.amount);
            spent += hold.chargedIn === 0 || hold.chargedIn === period ? change : Math.max(change, 0);
            expect(await on.settle(rows, one.tokens, hold.id)).toEqual([spent]);
          }
          expect(Number((await on.redis.get("k0")) ?? 0)).toBe(spent);
        }
      }),
      fuzz(30),
    );
  }, 120_000);
});
