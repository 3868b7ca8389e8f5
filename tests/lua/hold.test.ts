// Contract of the scripts that reserve and settle, on a real Redis. Specified in assembly/ledger/lua and ARCHITECTURE.md,
// "Reservations". In tests/lua/hold-model.test.ts is what they do in random histories.
import type { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { HeldRedis, NUMBER, WIDTH } from "./held-redis.ts";
import { SERVERS } from "./servers.ts";

describe.each(SERVERS)("on %s,", (_name, program) => {
  let held: HeldRedis;
  let redis: Redis;

  beforeAll(async () => {
    held = await HeldRedis.start(program);
    redis = held.redis;
  });
  afterAll(() => held.stop());
  beforeEach(() => held.reset());

  it("are known to Redis by the SHA-1 that the module has, and fit a command for 512 counters", async () => {
    for (const counters of [1, 2, 16, 512]) {
      expect(await redis.script("LOAD", held.scripts.holdScript(counters))).toBe(
        held.scripts.holdDigest(counters),
      );
      expect(await redis.script("LOAD", held.scripts.settleHeldScript(counters))).toBe(
        held.scripts.settleHeldDigest(counters),
      );
    }
    // A command has room for the keys besides (`assembly/redis/command.ts`), and an HTTP transport sends up to three bytes for one.
    for (const script of [held.scripts.holdScript(512), held.scripts.settleHeldScript(512)])
      expect(script.replace(/[^\w-]/g, "%20").length).toBeLessThan(1_000_000);
  });

  it("holds input and output on every counter, and puts what was consumed in their place", async () => {
    expect((await held.hold("a", { input: 10, output: 50 })).granted).toBe(50);
    expect([await held.heldOn(0), await held.heldOn(1), await held.spent(0)]).toEqual([60, 60, 0]);
    expect(await held.settle("a", 33)).toEqual([expect.any(Number), 33, 33]);
    expect([await held.heldOn(0), await held.heldOn(1), await held.spent(0), await held.spent(1)]).toEqual([
      0, 0, 33, 33,
    ]);
    expect(await redis.ttl("k0")).toBeGreaterThan(3500);
  });

  it("leaves nothing of a settled hold behind while others, which lapse later, are open", async () => {
    const first = await held.hold("a", { input: 10, output: 0 });
    held.now += WIDTH;
    const second = await held.hold("b", { input: 20, output: 0 });
    await held.settle("a", 5);
    const kept = await redis.hgetall("h0");
    expect(kept).not.toHaveProperty(first.bucket);
    expect(kept).toMatchObject({ sum: "20", [second.bucket]: "20" });
  });

  it("admits what fits exactly, and nothing that exceeds by one", async () => {
    await held.hold("a", { input: 40, output: 0 });
    expect((await held.hold("b", { input: 61, output: 0 })).granted).toBe(-1);
    expect((await held.hold("c", { input: 60, output: 0 })).granted).toBe(0);
    expect((await held.hold("d", { input: 1, output: 0 })).granted).toBe(-1);
  });

  it("tells of each counter, when it denies, what is spent, how long that lasts, and what is held", async () => {
    await redis.set("k1", 200, "EX", 60);
    await held.hold("a", { input: 20, output: 20 });
    const { granted, rows } = await held.hold("b", { input: 11, output: 0 });
    expect(granted).toBe(-1);
    expect(rows).toEqual([null, -2, 40, "200", expect.any(Number), 40]);
    expect(rows[4]).toBeGreaterThan(59_000);
  });

  it("tells the same of a call that is admitted, if somebody wants to know, before what it reserves", async () => {
    await redis.set("k1", 100, "EX", 60);
    await held.hold("a", { input: 20, output: 20 });
    const { granted, rows } = await held.hold("b", { input: 11, output: 5, readings: true });
    expect(granted).toBe(5);
    expect(rows).toEqual([null, -2, 40, "100", expect.any(Number), 40]);
    expect(await held.heldOn()).toBe(56);
    expect((await held.hold("c", { input: 90, output: 0, readings: true })).rows.slice(0, 3)).toEqual([
      null,
      -2,
      56,
    ]);
  });

  it("reserves on a counter below whose limit is a minus, without asking it", async () => {
    const limits = [-100, 250];
    expect((await held.hold("a", { input: 90, output: 60 }, limits)).granted).toBe(60);
    expect([await held.heldOn(0), await held.heldOn(1)]).toEqual([150, 150]);
    expect((await held.hold("b", { input: 1, output: 200, least: 9 }, limits)).granted).toBe(99);
    expect((await held.hold("c", { input: 1, output: 0 }, limits)).granted).toBe(-1);
    await held.settle("a", 120);
    expect([await held.spent(0), await held.spent(1)]).toEqual([120, 120]);
  });

  it("gives a counter that has lost its expiry a new one when it denies", async () => {
    await redis.set("k0", 200);
    expect((await held.hold("a", { input: 1, output: 0 })).rows[1]).toBe(3_600_000);
    expect(await redis.ttl("k0")).toBe(3600);
  });

  it("holds on 512 counters at once, and settles them", async () => {
    const limits = Array.from({ length: 512 }, () => 100);
    expect((await held.hold("a", { input: 10, output: 50 }, limits)).granted).toBe(50);
    expect([await held.heldOn(0), await held.heldOn(511)]).toEqual([60, 60]);
    expect((await held.hold("b", { input: 10, output: 50 }, limits)).rows).toHaveLength(3 * 512);
    expect(await held.settle("a", 7, "0", 0, 512)).toHaveLength(513);
    expect([await held.heldOn(511), await held.spent(511)]).toEqual([0, 7]);
  });

  it("writes nothing for a call that is denied", async () => {
    await held.hold("a", { input: 100, output: 0 });
    const before = [await redis.hgetall("h0"), await redis.hgetall("h1"), await redis.keys("*")];
    expect((await held.hold("b", { input: 1, output: 1 })).granted).toBe(-1);
    expect([await redis.hgetall("h0"), await redis.hgetall("h1"), await redis.keys("*")]).toEqual(before);
  });

  it("reserves on all counters or on none", async () => {
    await redis.set("k1", 249);
    expect((await held.hold("a", { input: 2, output: 0 })).granted).toBe(-1);
    expect(await held.heldOn(0)).toBe(0);
  });

  it("grants what is left when less will do", async () => {
    await redis.set("k0", 70);
    expect((await held.hold("a", { input: 10, output: 500, least: 16 })).granted).toBe(20);
    expect((await held.hold("b", { input: 1, output: 500, least: 16 })).granted).toBe(-1);
  });

  it("never denies for an assumed output alone, nor gives it more than a quarter of a limit", async () => {
    expect((await held.hold("a", { input: 1, output: 4096, least: 0, assumed: true })).granted).toBe(25);
    await redis.set("k0", 72);
    expect((await held.hold("b", { input: 1, output: 4096, least: 0, assumed: true })).granted).toBe(1);
    expect((await held.hold("c", { input: 0, output: 4096, least: 0, assumed: true })).granted).toBe(-1);
  });

  it("settles once, however often it is repeated, and ends a hold that consumed nothing", async () => {
    await held.hold("a", { input: 10, output: 10 });
    await held.settle("a", 5);
    expect(await held.settle("a", 5)).toEqual([]);
    expect(await held.spent()).toBe(5);
    await held.hold("b", { input: 10, output: 10 });
    await held.settle("b", 0);
    expect([await held.spent(), await held.heldOn()]).toEqual([5, 0]);
  });

  it("settles what was never held, or whose record is gone, without taking a hold of others back", async () => {
    await held.hold("a", { input: 10, output: 10 });
    await held.settle("unknown", 7);
    expect([await held.spent(), await held.heldOn()]).toEqual([7, 20]);
  });

  it("leaves hold and record alone when it comes too late, and settles both when it is sent again", async () => {
    await held.hold("a", { input: 10, output: 10 });
    expect(await held.settle("a", 5, "0", 0, 2, 1, held.now)).toEqual([-2]);
    expect([await held.spent(), await held.heldOn()]).toEqual([0, 20]);
    expect(await held.settle("a", 5)).toEqual([expect.any(Number), 5, 5]);
    expect(await held.settle("a", 5)).toEqual([]);
    expect([await held.spent(), await held.heldOn()]).toEqual([5, 0]);
  });

  it("begins no window, and no balance, for a call that has consumed nothing", async () => {
    await held.hold("a", { input: 10, output: 10 });
    expect(await held.settle("a", 0)).toEqual([expect.any(Number), 0, 0]);
    expect(await redis.exists("k0", "k1", "h0", "h1")).toBe(0);
  });

  it("finds the hold by its record, although its reply was lost", async () => {
    await held.hold("a", { input: 10, output: 10 });
    await held.settle("a", 3, "0", 0);
    expect([await held.spent(), await held.heldOn()]).toEqual([3, 0]);
  });

  it("does not hold twice under one marker", async () => {
    await held.hold("a", { input: 10, output: 10 });
    const keys = held.keysOf(2, "a");
    const reply = await redis.eval(
      held.withClock(held.scripts.holdScript(2)),
      keys.length,
      ...keys,
      ...[1, 10, 10, 10, "stated", WIDTH, "charge", 1000, "-", -1, 100, 60, 100, 60, 250, NUMBER],
    );
    expect(reply).toEqual([NUMBER]);
    expect(await held.heldOn()).toBe(20);
  });

  it("charges what lapses, and corrects that when it is settled after all", async () => {
    const { bucket } = await held.hold("a", { input: 20, output: 20 });
    held.lapse();
    expect((await held.hold("b", { input: 60, output: 1 })).granted).toBe(-1);
    expect([await held.spent(), await held.heldOn()]).toEqual([40, 0]);
    await held.settle("a", 25, bucket, 40);
    expect(await held.spent()).toBe(25);
  });

  it.each([
    ["admits", { input: 1, output: 0 }],
    ["admits and reads", { input: 1, output: 0, readings: true }],
    ["denies", { input: 99, output: 99 }],
  ])("says once what has lapsed, on one of several counters, when it %s", async (_what, asked) => {
    await held.hold("a", { input: 20, output: 20 });
    await held.hold("b", { input: 2, output: 1 });
    held.lapse();
    expect((await held.hold("c", asked)).lapsed).toBe(43);
    expect((await held.hold("d", asked)).lapsed).toBe(0);
  });

  it("charges only what exceeds a lapsed hold when its window has ended since", async () => {
    const { bucket } = await held.hold("a", { input: 20, output: 20 });
    held.lapse();
    await held.hold("b", { input: 1, output: 0 });
    await redis.del("k0", "k1");
    await held.settle("a", 25, bucket, 40);
    expect(await held.spent()).toBe(0);
    const c = await held.hold("c", { input: 20, output: 20 });
    held.lapse();
    await held.hold("d", { input: 1, output: 0 });
    await redis.del("k0", "k1");
    await held.settle("c", 45, c.bucket, 40);
    expect(await held.spent()).toBe(5);
  });

  it("releases what lapses if so configured, and charges all of it when it is settled after all", async () => {
    const { bucket } = await held.hold("a", { input: 20, output: 20, lapse: "release" });
    held.lapse();
    await held.hold("b", { input: 1, output: 0, lapse: "release" });
    expect([await held.spent(), await held.heldOn()]).toEqual([0, 1]);
    await held.settle("a", 25, bucket, 40);
    expect(await held.spent()).toBe(25);
  });

  it("lets holds lapse in their own time when others on the counter lapse in another", async () => {
    await held.hold("a", { input: 10, output: 0, width: 60_000 });
    await held.hold("b", { input: 20, output: 0, width: 100 });
    held.now += 900;
    await held.hold("c", { input: 1, output: 0 });
    expect([await held.spent(), await held.heldOn()]).toEqual([20, 11]);
    held.now += 9 * 60_000;
    await held.hold("d", { input: 1, output: 0, width: 100 });
    expect([await held.spent(), await held.heldOn()]).toEqual([31, 1]);
  });

  it("remembers what is held for as long as the window lasts, or 30 days beside a balance", async () => {
    await held.hold("a", { input: 10, output: 0, width: 100 });
    await held.hold("b", { input: 10, output: 0 });
    expect(await redis.ttl("h0")).toBe(3600);
    await redis.set("k0", 100);
    await redis.del("h0");
    await held.hold("c", { input: 10, output: 0, sign: -1 }, [0]);
    expect(await redis.ttl("h0")).toBe(30 * 24 * 3600);
  });

  it("holds nothing at all when the record cannot be written", async () => {
    await redis.set("k0", 1);
    await redis.config("SET", "maxmemory", "1");
    try {
      await expect(held.hold("a", { input: 10, output: 0 })).rejects.toThrow(/OOM/);
    } finally {
      await redis.config("SET", "maxmemory", "0");
    }
    expect(await redis.keys("*")).toEqual(["k0"]);
  });

  it("lets a foreign value in the place of holds affect only its own counter", async () => {
    await redis.set("h1", "x");
    expect((await held.hold("a", { input: 10, output: 10 })).granted).toBe(10);
    expect(await held.settle("a", 5)).toEqual([expect.any(Number), 5, 5]);
    expect([await held.heldOn(0), await redis.get("h1"), await redis.ttl("h1")]).toEqual([0, "x", -1]);
  });

  it("reserves on balances, and begins one that is missing with what is configured", async () => {
    expect((await held.hold("a", { input: 1, output: 1, sign: -1 }, [0])).granted).toBe(-1);
    await redis.set("k0", 100);
    expect((await held.hold("b", { input: 10, output: 90, sign: -1 }, [0])).granted).toBe(90);
    expect((await held.hold("c", { input: 1, output: 0, sign: -1 }, [0])).granted).toBe(-1);
    await held.settle("b", 30, "0", 0, 1, -1);
    expect([await held.spent(), await held.heldOn(), await redis.ttl("k0")]).toEqual([70, 0, -1]);
    await redis.del("k0");
    expect((await held.hold("d", { input: 10, output: 500, least: 1, sign: -1 }, [40])).granted).toBe(30);
    expect(await redis.get("k0")).toBe("40");
  });

  it("takes nothing back for a hold that Redis has lost with its record, as a replica may that takes over", async () => {
    const { bucket } = await held.hold("lost", { input: 10, output: 20 });
    await redis.flushall();
    await held.hold("other", { input: 5, output: 5 });
    await held.settle("lost", 7, bucket, 30);
    expect([await held.spent(), await held.heldOn()]).toEqual([7, 10]);
    // A record that has only expired outlives its hold: that is taken back.
    const late = await held.hold("late", { input: 10, output: 20 });
    await redis.del("m:late");
    held.lapse();
    await held.settle("late", 7, late.bucket, 30);
    expect([await held.spent(), await held.heldOn()]).toEqual([14, 10]);
  });

  it("leaves foreign values alone: a counter of another type limits nobody", async () => {
    await redis.lpush("k0", "x");
    expect((await held.hold("a", { input: 10, output: 10 })).granted).toBe(20 - 10);
    expect(await redis.type("k0")).toBe("list");
    expect(await redis.ttl("k0")).toBe(-1);
  });

  it("keeps few fields, however many holds are open", async () => {
    for (let i = 0; i < 400; ++i) {
      held.now += WIDTH / 4;
      await held.hold(
        `a${i}`,
        { input: 1, output: 0, lapse: i % 2 === 0 ? "charge" : "release" },
        [1e9, 1e9],
      );
    }
    expect(await redis.hlen("h0")).toBeLessThan(48);
  });
});
