// Contract of the Lua scripts: reply, stored value and expiry of each, on a real Redis.
// Specified in assembly/ledger/lua; the published plugin's scripts must be able to share the counters.
import fc from "fast-check";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startRedisServer, type RedisServer } from "../../tools/redis-server.ts";
import { loadHarness } from "../support/as.ts";
import { fuzz } from "../support/fuzz.ts";
import { SERVERS } from "./servers.ts";

interface Scripts {
  peekScript(counters: number): string;
  peekDigest(counters: number): string;
  settleDigest(counters: number): string;
  settleScript(counters: number): string;
}

describe.each(SERVERS)("on %s,", (name, program) => {
  let scripts: Scripts;
  let server: RedisServer;
  let redis: Redis;

  beforeAll(async () => {
    scripts = await loadHarness<Scripts>("tests/lua/scripts.harness.ts");
    server = await startRedisServer({ program });
    redis = new Redis(server.port, server.host);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });
  beforeEach(() => redis.flushall());

  /** The number of a command, which its reply repeats; no double holds it. */
  const NUMBER = "9007199254740992993";
  const MINUTE = 60_000;

  /** As many counters as the script for a request of so many is written for. */
  const capacityFor = (counters: number): number => 2 ** Math.ceil(Math.log2(counters));

  const check = (keys: string[], windows: number[]): Promise<unknown> =>
    redis.eval(scripts.peekScript(capacityFor(keys.length)), keys.length, ...keys, ...windows, NUMBER);

  let charges = 0;
  /** Runs the charge script; what it is not told about the marker is that of a new charge with a minute's time. */
  async function charge(
    tokens: number,
    [key, ...keys]: string[],
    [window, ...windows]: number[],
    { marker = `charge:${++charges}`, deadline = Date.now() + MINUTE } = {},
  ): Promise<unknown[]> {
    const script = scripts.settleScript(capacityFor(1 + keys.length));
    const all = [key!, marker, ...keys];
    const reply = await redis.eval(script, all.length, ...all, window!, deadline, ...windows, tokens, NUMBER);
    return reply as unknown[];
  }

  /** When a key expires, in milliseconds since the epoch, by one clock; Redis below 7.0 does not tell. */
  const expiresAt = async (key: string): Promise<number> => {
    const script = "local t = redis.call('TIME') return { t[1], t[2], redis.call('PTTL', KEYS[1]) }";
    const [seconds, micros, left] = (await redis.eval(script, 1, key)) as [string, string, number];
    return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000) + left;
  };

  /** The same, without the time that is left. */
  const charged = async (...args: Parameters<typeof charge>): Promise<unknown[]> =>
    (await charge(...args)).slice(1);

  describe("the SHA-1 of a script", () => {
    it("is that by which Redis knows it", async () => {
      for (let counters = 1; counters <= 512; counters *= 2) {
        const [peek, settle] = [scripts.peekScript(counters), scripts.settleScript(counters)];
        expect(await redis.script("LOAD", peek)).toBe(scripts.peekDigest(counters));
        expect(await redis.script("LOAD", settle)).toBe(scripts.settleDigest(counters));
      }
    });

    it("is unknown to Redis after SCRIPT FLUSH, which the filter must recognise", async () => {
      await redis.script("FLUSH");
      await expect(redis.evalsha(scripts.peekDigest(1), 1, "k", 60, NUMBER)).rejects.toThrow(/^NOSCRIPT/);
    });
  });

  describe("check", () => {
    it("reports a counter that does not exist as nil, and creates nothing", async () => {
      expect(await check(["k"], [60])).toEqual([null, -2, NUMBER]);
      expect(await redis.exists("k")).toBe(0);
    });

    it("reports value and remaining milliseconds, and changes neither", async () => {
      await redis.set("k", "120", "PX", 40_000);
      const [value, remaining, number] = (await check(["k"], [60])) as [string, number, string];
      expect(number).toBe(NUMBER);
      expect(value).toBe("120");
      expect(remaining).toBeGreaterThan(39_000);
      expect(remaining).toBeLessThanOrEqual(40_000);
      expect(await redis.get("k")).toBe("120");
      expect(await redis.pttl("k")).toBeLessThanOrEqual(40_000);
    });

    it("gives a counter without expiry one, so that it cannot limit for ever", async () => {
      await redis.set("k", "120");
      expect(await check(["k"], [60])).toEqual(["120", 60_000, NUMBER]);
      expect(await redis.ttl("k")).toBe(60);
    });

    it("keeps every digit of a counter that a double could not hold", async () => {
      await redis.set("k", "9007199254740993", "EX", 60);
      expect(((await check(["k"], [60])) as unknown[])[0]).toBe("9007199254740993");
    });

    it("reads several counters at once, and one of a wrong type spoils only itself", async () => {
      await redis.set("a", "1", "EX", 60);
      await redis.rpush("list", "x");
      const reply = (await check(["a", "list", "b"], [60, 60, 3600])) as unknown[];
      expect(reply[0]).toBe("1");
      expect(String(reply[2])).toMatch(/WRONGTYPE/);
      expect(reply.slice(4)).toEqual([null, -2, NUMBER]);
      expect(await redis.ttl("list")).toBe(-1);
    });

    it("reads any number of counters with the script for at least as many", async () => {
      for (const count of [1, 2, 3, 4, 5, 63, 64, 65, 300, 511, 512]) {
        const keys = Array.from({ length: count }, (_, i) => `k${i}`);
        await redis.mset(keys.flatMap((key, i) => [key, i]));
        const reply = (await check(
          keys,
          keys.map(() => 60),
        )) as unknown[];
        expect(reply).toEqual([...keys.flatMap((_, i) => [String(i), 60_000]), NUMBER]);
        await redis.flushall();
      }
    });
  });

  describe("charge", () => {
    it("starts a window with the first tokens", async () => {
      expect(await charged(46, ["k"], [60])).toEqual([46, NUMBER]);
      expect(await redis.get("k")).toBe("46");
      expect(await redis.ttl("k")).toBe(60);
    });

    it("adds without moving the end of the window", async () => {
      await redis.set("k", "46", "PX", 5_000);
      expect(await charged(46, ["k"], [60])).toEqual([92, NUMBER]);
      expect(await redis.pttl("k")).toBeLessThanOrEqual(5_000);
    });

    it("does not restart a window that holds 0, as the published script does", async () => {
      await redis.set("k", "0", "PX", 5_000);
      expect(await charged(7, ["k"], [60])).toEqual([7, NUMBER]);
      expect(await redis.pttl("k")).toBeLessThanOrEqual(5_000);
    });

    it("gives a counter without expiry one", async () => {
      await redis.set("k", "5");
      expect(await charged(7, ["k"], [60])).toEqual([12, NUMBER]);
      expect(await redis.ttl("k")).toBe(60);
    });

    it("charges each window of a limit, each with its own expiry", async () => {
      const windows = [60, 3600, 86400];
      expect(await charged(9, ["{r}:60", "{r}:3600", "{r}:86400"], windows)).toEqual([9, 9, 9, NUMBER]);
      expect(await redis.ttl("{r}:60")).toBe(60);
      expect(await redis.ttl("{r}:3600")).toBe(3600);
      expect(await redis.ttl("{r}:86400")).toBe(86400);
    });

    it("goes on counting above the threshold: tokens are never lost", async () => {
      await redis.set("k", "1000", "EX", 60);
      expect(await charged(50, ["k"], [60])).toEqual([1050, NUMBER]);
    });

    it("charges the others when one counter holds no number", async () => {
      await redis.set("broken", "abc", "EX", 60);
      await redis.rpush("list", "x");
      const reply = await charged(5, ["broken", "list", "k"], [60, 60, 60]);
      expect(String(reply[0])).toMatch(/not an integer/);
      expect(String(reply[1])).toMatch(/WRONGTYPE/);
      expect(reply.slice(2)).toEqual([5, NUMBER]);
      expect(await redis.get("broken")).toBe("abc");
      expect(await redis.ttl("list")).toBe(-1);
    });

    it("says so when a counter would overflow, and leaves it as it is", async () => {
      await redis.set("k", "9223372036854775800", "EX", 60);
      expect(String((await charged(100, ["k"], [60]))[0])).toMatch(/overflow/);
      expect(await redis.get("k")).toBe("9223372036854775800");
    });

    it("charges any number of counters with the script for at least as many", async () => {
      for (const count of [1, 2, 3, 4, 5, 63, 64, 65, 300, 511, 512]) {
        const keys = Array.from({ length: count }, (_, i) => `k${i}`);
        const reply = await charged(
          3,
          keys,
          keys.map((_, i) => 60 + i),
        );
        expect(reply).toEqual([...keys.map(() => 3), NUMBER]);
        expect(await redis.ttl(keys.at(-1)!)).toBe(59 + count);
        await redis.flushall();
      }
    });
  });

  describe("the marker of a charge", () => {
    it("makes repeating it change nothing, until its deadline", async () => {
      const one = { marker: "charge:one", deadline: Date.now() + 40_000 };
      const [left, ...reply] = await charge(7, ["k"], [60], one);
      expect(reply).toEqual([7, NUMBER]);
      expect(left).toBeGreaterThan(39_000);
      expect(left).toBeLessThanOrEqual(40_000);
      expect(await charge(7, ["k"], [60], one)).toEqual([NUMBER]);
      expect(await redis.get("k")).toBe("7");
      expect(Math.abs((await expiresAt("charge:one")) - one.deadline)).toBeLessThanOrEqual(1);
      expect(await charged(7, ["k"], [60])).toEqual([14, NUMBER]);
    });

    it("is never gone before the charge is refused", async () => {
      let margin = 5;
      for (let i = 0; i < 30; ++i) {
        let one = { marker: "charge:one", deadline: Date.now() + margin + i };
        let first = await charge(7, ["k"], [60], one);
        // A machine with much to do may not have sent it before its deadline.
        for (; first[0] === -2; first = await charge(7, ["k"], [60], one)) {
          margin *= 2;
          one = { ...one, deadline: Date.now() + margin + i };
        }
        expect(first.slice(1)).toEqual([7, NUMBER]);
        // Again and again, across the deadline: made before, and then too late, and nothing between them.
        let reply = await charge(7, ["k"], [60], one);
        while (reply.length === 1) reply = await charge(7, ["k"], [60], one);
        expect(reply).toEqual([-2, NUMBER]);
        expect(await redis.get("k")).toBe("7");
        expect(await redis.exists("charge:one")).toBe(0);
        await redis.flushall();
      }
    });

    it("refuses what comes too late, and leaves nothing behind", async () => {
      expect(await charge(7, ["k"], [60], { deadline: Date.now() - 1 })).toEqual([-2, NUMBER]);
      expect(await redis.dbsize()).toBe(0);
    });

    it("outlives an expiry that the first command gave it", async () => {
      const deadline = Date.now() + 200_000_000;
      const [left] = await charge(7, ["k"], [60], { marker: "charge:one", deadline });
      expect(left).toBeGreaterThan(199_000_000);
      expect(Math.abs((await expiresAt("charge:one")) - deadline)).toBeLessThanOrEqual(1);
    });

    it("is no place for anything else: what stands there already counts as the charge", async () => {
      await redis.rpush("charge:one", "x");
      expect(await charge(7, ["k"], [60], { marker: "charge:one" })).toEqual([NUMBER]);
    });

    it("holds in any order of first, repeated and late runs of many charges", async () => {
      const step = fc.record({ charge: fc.nat(5), wait: fc.nat(3) });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
          await redis.flushall();
          const begun = Date.now();
          let expected = 0;
          const done = new Set<number>();
          for (const { charge: which, wait } of steps) {
            await new Promise((resolve) => setTimeout(resolve, wait));
            const one = { marker: `charge:${which}`, deadline: begun + 4 + which * 3 };
            const reply = await charge(10 ** which, ["k"], [60], one);
            if (reply.length === 3) {
              expect(done).not.toContain(which);
              done.add(which);
              expected += 10 ** which;
            }
          }
          expect(Number(await redis.get("k"))).toBe(expected);
        }),
        fuzz(60),
      );
    });
  });

  describe("a Redis that does not permit everything", () => {
    it("is told by an error before anything was done, when it forbids the first command", async () => {
      await redis.config("SET", "maxmemory", "1");
      try {
        await expect(charge(7, ["k"], [60])).rejects.toThrow(/OOM/);
      } finally {
        await redis.config("SET", "maxmemory", "0");
      }
      expect(await redis.dbsize()).toBe(0);
    });
  });

  // Access control lists came with 6.0.
  if (name !== "Redis 5.0")
    describe("a Redis that forbids commands", () => {
      it("keeps the marker for a day when PEXPIREAT is forbidden, and charges once", async () => {
        await redis.acl("SETUSER", "default", "-pexpireat");
        try {
          const one = { marker: "charge:one" };
          expect(await charged(7, ["k"], [60], one)).toEqual([7, NUMBER]);
          expect(await charge(7, ["k"], [60], one)).toEqual([NUMBER]);
        } finally {
          await redis.acl("SETUSER", "default", "+pexpireat");
        }
        expect(await redis.get("k")).toBe("7");
        expect(await redis.ttl("charge:one")).toBe(86_400);
      });

      it("adds once, and says so, when expiries are forbidden", async () => {
        await redis.acl("SETUSER", "default", "-pttl", "-expire");
        try {
          const [left, ...reply] = await charge(7, ["k"], [60]);
          expect(String(left)).toMatch(/(can't run this command|has no permissions)/);
          expect(reply).toEqual([7, NUMBER]);
        } finally {
          await redis.acl("SETUSER", "default", "+pttl", "+expire");
        }
        expect(await redis.get("k")).toBe("7");
      });
    });
});
