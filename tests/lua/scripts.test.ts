// Contract of the Lua scripts: reply, stored value and expiry of each, on a real Redis.
// Specified in assembly/limiter/scripts.ts; the published plugin's scripts must be able to share the counters.
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startRedisServer, type RedisServer } from "../../gateway/src/demo/redis-server.ts";
import { loadHarness } from "../support/as.ts";

interface Scripts {
  checkScript(): string;
  checkSha1(): string;
  chargeScript(): string;
  chargeSha1(): string;
}

let scripts: Scripts;
let server: RedisServer;
let redis: Redis;

beforeAll(async () => {
  scripts = await loadHarness<Scripts>("tests/lua/scripts.harness.ts");
  server = await startRedisServer();
  redis = new Redis(server.port, server.host);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});
beforeEach(() => redis.flushall());

/** The number of a command, which its reply repeats; no double holds it. */
const NUMBER = "9007199254740992993";

const check = (keys: string[], windows: number[]): Promise<unknown> =>
  redis.eval(scripts.checkScript(), keys.length, ...keys, ...windows, NUMBER);
const charge = (tokens: number, keys: string[], windows: number[], marker?: string): Promise<unknown> => {
  const all = marker === undefined ? keys : [...keys, marker];
  return redis.eval(scripts.chargeScript(), all.length, ...all, ...windows, tokens, 60, NUMBER);
};

describe("the SHA-1 constants", () => {
  it("are those by which Redis knows the scripts", async () => {
    expect(await redis.script("LOAD", scripts.checkScript())).toBe(scripts.checkSha1());
    expect(await redis.script("LOAD", scripts.chargeScript())).toBe(scripts.chargeSha1());
  });

  it("are unknown to Redis after SCRIPT FLUSH, which the filter must recognise", async () => {
    await redis.script("FLUSH");
    await expect(redis.evalsha(scripts.checkSha1(), 1, "k", 60, NUMBER)).rejects.toThrow(/^NOSCRIPT/);
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
});

describe("charge", () => {
  it("starts a window with the first tokens", async () => {
    expect(await charge(46, ["k"], [60])).toEqual([46, NUMBER]);
    expect(await redis.get("k")).toBe("46");
    expect(await redis.ttl("k")).toBe(60);
  });

  it("adds without moving the end of the window", async () => {
    await redis.set("k", "46", "PX", 5_000);
    expect(await charge(46, ["k"], [60])).toEqual([92, NUMBER]);
    expect(await redis.pttl("k")).toBeLessThanOrEqual(5_000);
  });

  it("does not restart a window that holds 0, as the published script does", async () => {
    await redis.set("k", "0", "PX", 5_000);
    expect(await charge(7, ["k"], [60])).toEqual([7, NUMBER]);
    expect(await redis.pttl("k")).toBeLessThanOrEqual(5_000);
  });

  it("gives a counter without expiry one", async () => {
    await redis.set("k", "5");
    expect(await charge(7, ["k"], [60])).toEqual([12, NUMBER]);
    expect(await redis.ttl("k")).toBe(60);
  });

  it("charges each window of a limit, each with its own expiry", async () => {
    expect(await charge(9, ["{r}:60", "{r}:3600", "{r}:86400"], [60, 3600, 86400])).toEqual([
      9,
      9,
      9,
      NUMBER,
    ]);
    expect(await redis.ttl("{r}:60")).toBe(60);
    expect(await redis.ttl("{r}:3600")).toBe(3600);
    expect(await redis.ttl("{r}:86400")).toBe(86400);
  });

  it("goes on counting above the threshold: tokens are never lost", async () => {
    await redis.set("k", "1000", "EX", 60);
    expect(await charge(50, ["k"], [60])).toEqual([1050, NUMBER]);
  });

  it("charges the others when one counter holds no number", async () => {
    await redis.set("broken", "abc", "EX", 60);
    await redis.rpush("list", "x");
    const reply = (await charge(5, ["broken", "list", "k"], [60, 60, 60])) as unknown[];
    expect(String(reply[0])).toMatch(/not an integer/);
    expect(String(reply[1])).toMatch(/WRONGTYPE/);
    expect(reply.slice(2)).toEqual([5, NUMBER]);
    expect(await redis.get("broken")).toBe("abc");
    expect(await redis.ttl("list")).toBe(-1);
  });

  it("says so when a counter would overflow, and leaves it as it is", async () => {
    await redis.set("k", "9223372036854775800", "EX", 60);
    expect(String(((await charge(100, ["k"], [60])) as unknown[])[0])).toMatch(/overflow/);
    expect(await redis.get("k")).toBe("9223372036854775800");
  });

  it("charges once under a marker, however often it is repeated, and forgets the marker after a minute", async () => {
    expect(await charge(7, ["k"], [60], "{k}:charge:1")).toEqual([7, NUMBER]);
    expect(await charge(7, ["k"], [60], "{k}:charge:1")).toEqual([NUMBER]);
    expect(await redis.get("k")).toBe("7");
    expect(await redis.ttl("{k}:charge:1")).toBe(60);
    expect(await charge(7, ["k"], [60], "{k}:charge:2")).toEqual([14, NUMBER]);
  });
});
