// Contract of the scripts that reserve and settle, on a real Redis: the auditor. A model of a few lines says after each step of a
// random history what every counter and every hold must be. Specified in assembly/ledger/lua and ARCHITECTURE.md, "Reservations".
import fc from "fast-check";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startRedisServer, type RedisServer } from "../../tools/redis-server.ts";
import { loadHarness } from "../support/as.ts";
import { fuzz } from "../support/fuzz.ts";
import { SERVERS } from "./servers.ts";

interface Scripts {
  holdScript(counters: number): string;
  holdDigest(counters: number): string;
  settleHeldScript(counters: number): string;
  settleHeldDigest(counters: number): string;
}

/** The number of a command, which its reply repeats. */
const NUMBER = "9007199254740992993";
/** The length of a bucket by the clock of the test, in milliseconds. */
const WIDTH = 1_000;
const LIMITS = [100, 250];

interface Asked {
  input: number;
  output: number;
  least?: number;
  assumed?: boolean;
  lapse?: "charge" | "release";
  sign?: 1 | -1;
}

describe.each(SERVERS)("on %s,", (_name, program) => {
  let scripts: Scripts;
  let server: RedisServer;
  let redis: Redis;
  /** The clock of the scripts, in milliseconds. */
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
    now = 1_000_000;
  });

  /** A script whose clock is that of the test. */
  const withClock = (script: string): string =>
    script.replace("redis.call('TIME')", `{ ${Math.floor(now / 1000)}, ${(now % 1000) * 1000} }`);
  const keysOf = (rows: number, id: string): string[] => [
    ...Array.from({ length: rows }, (_, i) => [`k${i}`, `h${i}`]).flat(),
    `m:${id}`,
  ];

  async function hold(
    id: string,
    asked: Asked,
    limits = LIMITS,
  ): Promise<{ granted: number; bucket: string; rows: unknown[] }> {
    const { input, output, least = output, assumed = false, lapse = "charge", sign = 1 } = asked;
    const keys = keysOf(limits.length, id);
    const reply = (await redis.eval(
      withClock(scripts.holdScript(2 ** Math.ceil(Math.log2(limits.length)))),
      keys.length,
      ...keys,
      ...[sign, input, output, least, assumed ? "assumed" : "stated", WIDTH, lapse, 3_600_000],
      ...limits.flatMap((limit) => [sign > 0 ? 3600 : 0, limit]),
      NUMBER,
    )) as unknown[];
    expect(reply.at(-1)).toBe(NUMBER);
    return { granted: Number(reply.at(-3)), bucket: String(reply.at(-2)), rows: reply.slice(0, -3) };
  }

  async function settle(
    id: string,
    tokens: number,
    bucket = "0",
    held = 0,
    rows = LIMITS.length,
    sign = 1,
  ): Promise<unknown[]> {
    const keys = keysOf(rows, id);
    const deadline = Date.now() + 60_000;
    const reply = (await redis.eval(
      withClock(scripts.settleHeldScript(2 ** Math.ceil(Math.log2(rows)))),
      keys.length,
      ...keys,
      ...[sign, tokens, deadline, bucket, held],
      ...Array.from({ length: rows }, () => (sign > 0 ? 3600 : 0)),
      NUMBER,
    )) as unknown[];
    expect(reply.at(-1)).toBe(NUMBER);
    return reply.slice(0, -1);
  }

  const spent = async (row = 0): Promise<number> => Number((await redis.get(`k${row}`)) ?? 0);
  async function heldOn(row = 0): Promise<number> {
    const fields = await redis.hgetall(`h${row}`);
    return Object.entries(fields)
      .filter(([name]) => !name.startsWith("L"))
      .reduce((sum, [, amount]) => sum + Number(amount), 0);
  }
  /** Until every hold that is open now has lapsed. */
  const lapse = (): void => void (now += 9 * WIDTH);

  it("are known to Redis by the SHA-1 that the module has, and fit a command for 256 counters", async () => {
    for (const counters of [1, 2, 16, 256]) {
      expect(await redis.script("LOAD", scripts.holdScript(counters))).toBe(scripts.holdDigest(counters));
      expect(await redis.script("LOAD", scripts.settleHeldScript(counters))).toBe(
        scripts.settleHeldDigest(counters),
      );
    }
    expect(scripts.holdScript(256).length).toBeLessThan(700_000);
  });

  it("holds input and output on every counter, and puts what was consumed in their place", async () => {
    const { granted, rows } = await hold("a", { input: 10, output: 50 });
    expect(granted).toBe(50);
    expect(rows).toEqual([null, -2, "0", null, -2, "0"]);
    expect([await heldOn(0), await heldOn(1), await spent(0)]).toEqual([60, 60, 0]);
    expect(await settle("a", 33)).toEqual([expect.any(Number), 33, 33]);
    expect([await heldOn(0), await heldOn(1), await spent(0), await spent(1)]).toEqual([0, 0, 33, 33]);
    expect(await redis.ttl("k0")).toBeGreaterThan(3500);
  });

  it("admits what fits exactly, and nothing that exceeds by one", async () => {
    await hold("a", { input: 40, output: 0 });
    expect((await hold("b", { input: 61, output: 0 })).granted).toBe(-1);
    expect((await hold("c", { input: 60, output: 0 })).granted).toBe(0);
    expect((await hold("d", { input: 1, output: 0 })).granted).toBe(-1);
  });

  it("writes nothing for a call that is denied", async () => {
    await hold("a", { input: 100, output: 0 });
    const before = [await redis.hgetall("h0"), await redis.hgetall("h1"), await redis.keys("*")];
    expect((await hold("b", { input: 1, output: 1 })).granted).toBe(-1);
    expect([await redis.hgetall("h0"), await redis.hgetall("h1"), await redis.keys("*")]).toEqual(before);
  });

  it("reserves on all counters or on none", async () => {
    await redis.set("k1", 249);
    expect((await hold("a", { input: 2, output: 0 })).granted).toBe(-1);
    expect(await heldOn(0)).toBe(0);
  });

  it("grants what is left when less will do", async () => {
    await redis.set("k0", 70);
    expect((await hold("a", { input: 10, output: 500, least: 16 })).granted).toBe(20);
    expect((await hold("b", { input: 1, output: 500, least: 16 })).granted).toBe(-1);
  });

  it("never denies for an assumed output alone, nor gives it more than a quarter of a limit", async () => {
    expect((await hold("a", { input: 1, output: 4096, least: 0, assumed: true })).granted).toBe(25);
    await redis.set("k0", 72);
    expect((await hold("b", { input: 1, output: 4096, least: 0, assumed: true })).granted).toBe(1);
    expect((await hold("c", { input: 0, output: 4096, least: 0, assumed: true })).granted).toBe(-1);
  });

  it("settles once, however often it is repeated, and ends a hold that consumed nothing", async () => {
    await hold("a", { input: 10, output: 10 });
    await settle("a", 5);
    expect(await settle("a", 5)).toEqual([]);
    expect(await spent()).toBe(5);
    await hold("b", { input: 10, output: 10 });
    await settle("b", 0);
    expect([await spent(), await heldOn()]).toEqual([5, 0]);
  });

  it("settles what was never held, or whose record is gone, without taking a hold of others back", async () => {
    await hold("a", { input: 10, output: 10 });
    await settle("unknown", 7);
    expect([await spent(), await heldOn()]).toEqual([7, 20]);
  });

  it("finds the hold by its record, although its reply was lost", async () => {
    await hold("a", { input: 10, output: 10 });
    await settle("a", 3, "0", 0);
    expect([await spent(), await heldOn()]).toEqual([3, 0]);
  });

  it("does not hold twice under one marker", async () => {
    await hold("a", { input: 10, output: 10 });
    const keys = keysOf(2, "a");
    const reply = await redis.eval(
      withClock(scripts.holdScript(2)),
      keys.length,
      ...keys,
      ...[1, 10, 10, 10, "stated", WIDTH, "charge", 1000, 60, 100, 60, 250, NUMBER],
    );
    expect(reply).toEqual([NUMBER]);
    expect(await heldOn()).toBe(20);
  });

  it("charges what lapses, and corrects that when it is settled after all", async () => {
    const { bucket } = await hold("a", { input: 20, output: 20 });
    lapse();
    expect((await hold("b", { input: 60, output: 1 })).granted).toBe(-1);
    expect([await spent(), await heldOn()]).toEqual([40, 0]);
    await settle("a", 25, bucket, 40);
    expect(await spent()).toBe(25);
  });

  it("charges only what exceeds a lapsed hold when its window has ended since", async () => {
    const { bucket } = await hold("a", { input: 20, output: 20 });
    lapse();
    await hold("b", { input: 1, output: 0 });
    await redis.del("k0", "k1");
    await settle("a", 25, bucket, 40);
    expect(await spent()).toBe(0);
    const c = await hold("c", { input: 20, output: 20 });
    lapse();
    await hold("d", { input: 1, output: 0 });
    await redis.del("k0", "k1");
    await settle("c", 45, c.bucket, 40);
    expect(await spent()).toBe(5);
  });

  it("releases what lapses if so configured, and charges all of it when it is settled after all", async () => {
    const { bucket } = await hold("a", { input: 20, output: 20, lapse: "release" });
    lapse();
    await hold("b", { input: 1, output: 0, lapse: "release" });
    expect([await spent(), await heldOn()]).toEqual([0, 1]);
    await settle("a", 25, bucket, 40);
    expect(await spent()).toBe(25);
  });

  it("reserves on balances, and begins one that is missing with what is configured", async () => {
    expect((await hold("a", { input: 1, output: 1, sign: -1 }, [0])).granted).toBe(-1);
    await redis.set("k0", 100);
    expect((await hold("b", { input: 10, output: 90, sign: -1 }, [0])).granted).toBe(90);
    expect((await hold("c", { input: 1, output: 0, sign: -1 }, [0])).granted).toBe(-1);
    await settle("b", 30, "0", 0, 1, -1);
    expect([await spent(), await heldOn(), await redis.ttl("k0")]).toEqual([70, 0, -1]);
    await redis.del("k0");
    expect((await hold("d", { input: 10, output: 500, least: 1, sign: -1 }, [40])).granted).toBe(30);
    expect(await redis.get("k0")).toBe("40");
  });

  it("leaves foreign values alone: a counter of another type limits nobody", async () => {
    await redis.lpush("k0", "x");
    expect((await hold("a", { input: 10, output: 10 })).granted).toBe(20 - 10);
    expect(await redis.type("k0")).toBe("list");
    expect(await redis.ttl("k0")).toBe(-1);
  });

  it("keeps few fields, however many holds are open", async () => {
    for (let i = 0; i < 400; ++i) {
      now += WIDTH / 4;
      await hold(`a${i}`, { input: 1, output: 0, lapse: i % 2 === 0 ? "charge" : "release" }, [1e9, 1e9]);
    }
    expect(await redis.hlen("h0")).toBeLessThan(48);
  });

  it("agrees with a model in any history of holds, settlements, lapses, repetitions and ends of windows", async () => {
    interface Open {
      amount: number;
      bucket: number;
      /** The window in which the hold was charged, when it has lapsed. */
      chargedIn?: number;
    }
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          do: fc.constant("hold" as const),
          input: fc.nat(40),
          output: fc.nat(80),
          least: fc.nat(80),
          assumed: fc.boolean(),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constant("settle" as const),
          which: fc.nat(5),
          tokens: fc.nat(120),
          known: fc.boolean(),
        }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("repeat" as const), which: fc.nat(5) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.nat(4 * WIDTH) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("end" as const), row: fc.nat(1) }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30 }),
        fc.constantFrom("charge" as const, "release" as const),
        async (steps, onLapse) => {
          await redis.flushall();
          now = 1_000_000;
          let calls = 0;
          const settled: string[] = [];
          const open = new Map<string, { bucket: string; rows: Open[] }>();
          const model = LIMITS.map(() => ({ spent: 0, window: 0 }));
          const current = (): number => Math.floor(now / WIDTH);
          const isHeld = (one: Open): boolean => one.chargedIn === undefined && one.bucket > -1;
          /** What each run of the script for holds does first. */
          const lapseAll = (): void =>
            void open.forEach(({ rows }) =>
              rows.forEach((one, row) => {
                if (!isHeld(one) || one.bucket > current()) return;
                if (onLapse === "charge") {
                  model[row]!.spent += one.amount;
                  one.chargedIn = model[row]!.window;
                } else one.bucket = -1;
              }),
            );
          const heldBy = (row: number): number =>
            [...open.values()].reduce(
              (sum, { rows }) => sum + (isHeld(rows[row]!) ? rows[row]!.amount : 0),
              0,
            );

          for (const one of steps) {
            if (one.do === "pass") now += one.ms;
            if (one.do === "end") {
              await redis.del(`k${one.row}`);
              model[one.row] = { spent: 0, window: model[one.row]!.window + 1 };
            }
            if (one.do === "hold") {
              const id = `c${++calls}`;
              const least = one.assumed ? 0 : Math.min(one.least, one.output);
              lapseAll();
              const room = LIMITS.map((limit, row) => limit - model[row]!.spent - heldBy(row));
              let granted = Math.min(one.output, ...room.map((left) => left - one.input));
              if (one.assumed) granted = Math.min(granted, ...LIMITS.map((limit) => Math.floor(limit / 4)));
              if (granted < least || room.some((left) => left <= 0)) granted = -1;
              const reply = await hold(id, {
                input: one.input,
                output: one.output,
                least,
                assumed: one.assumed,
                lapse: onLapse,
              });
              expect(reply.granted).toBe(granted);
              if (granted >= 0)
                open.set(id, {
                  bucket: reply.bucket,
                  rows: LIMITS.map(() => ({ amount: one.input + granted, bucket: current() + 9 })),
                });
            }
            const id = one.do === "settle" ? [...open.keys()][one.which] : undefined;
            if (one.do === "settle" && id !== undefined) {
              const { bucket, rows } = open.get(id)!;
              open.delete(id);
              settled.push(id);
              if (one.known) await settle(id, one.tokens, bucket, rows[0]!.amount);
              else await settle(id, one.tokens);
              rows.forEach((held, row) => {
                const isSame = held.chargedIn === model[row]!.window;
                if (held.chargedIn === undefined) model[row]!.spent += one.tokens;
                else
                  model[row]!.spent += isSame
                    ? one.tokens - held.amount
                    : Math.max(one.tokens - held.amount, 0);
              });
            }
            if (one.do === "repeat" && settled[one.which] !== undefined)
              expect(await settle(settled[one.which]!, 77)).toEqual([]);
            for (const row of [0, 1]) {
              expect(await spent(row)).toBe(model[row]!.spent);
              expect(await heldOn(row)).toBe(heldBy(row));
              expect(model[row]!.spent).toBeGreaterThanOrEqual(0);
            }
          }
        },
      ),
      fuzz(60),
    );
  }, 120_000);
});
