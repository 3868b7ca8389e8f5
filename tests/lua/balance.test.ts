// Contract of the Lua scripts for balances: reply and stored value of each, on a real Redis.
// Specified in assembly/ledger/lua; the published plugin's commands must be able to share the balances.
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startRedisServer, type RedisServer } from "../../tools/redis-server.ts";
import { loadHarness } from "../support/as.ts";
import { SERVERS } from "./servers.ts";

interface Scripts {
  settleScript(counters: number): string;
  balancePeekScript(counters: number): string;
  balancePeekDigest(counters: number): string;
  balanceChangeScript(): string;
  balanceChangeDigest(): string;
}

describe.each(SERVERS)("on %s,", (_name, program) => {
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
  const peek = (key: string, initial: number | string): Promise<unknown> =>
    redis.eval(scripts.balancePeekScript(1), 1, key, initial, NUMBER);
  const change = (verb: string, key: string, amount: number | string): Promise<unknown> =>
    redis.eval(scripts.balanceChangeScript(), 1, key, verb, amount, NUMBER);
  let charges = 0;
  const settle = (key: string, amount: number): Promise<unknown> =>
    redis.eval(
      scripts.settleScript(1),
      2,
      key,
      `charge:${++charges}`,
      0,
      Date.now() + 60_000,
      amount,
      NUMBER,
    );

  it("are known to Redis by the SHA-1 that the module has", async () => {
    expect(await redis.script("LOAD", scripts.balancePeekScript(1))).toBe(scripts.balancePeekDigest(1));
    expect(await redis.script("LOAD", scripts.balanceChangeScript())).toBe(scripts.balanceChangeDigest());
  });

  it("a check reads a balance, and leaves one that is missing missing", async () => {
    expect(await peek("q", 0)).toEqual([null, -1, NUMBER]);
    expect(await redis.exists("q")).toBe(0);
    await redis.set("q", "42");
    expect(await peek("q", 0)).toEqual(["42", -1, NUMBER]);
  });

  it("a check begins a missing balance with what is configured, once, and without expiry", async () => {
    expect(await peek("q", 500)).toEqual(["500", -1, NUMBER]);
    await settle("q", -499);
    expect(await peek("q", 500)).toEqual(["1", -1, NUMBER]);
    await settle("q", -1);
    expect(await peek("q", 500)).toEqual(["0", -1, NUMBER]);
    expect(await redis.pttl("q")).toBe(-1);
  });

  it("a check reports a balance of another type, and changes nothing", async () => {
    await redis.lpush("q", "x");
    const [error] = (await redis
      .multi()
      .eval(scripts.balancePeekScript(1), 1, "q", 500, NUMBER)
      .exec()
      .then((replies) => replies![0]![1])) as [Error];
    expect(error.message).toContain("WRONGTYPE");
    expect(await redis.llen("q")).toBe(1);
  });

  it("a charge takes tokens away, below zero too, and adds no expiry", async () => {
    await redis.set("q", "10");
    expect(await settle("q", -12)).toEqual([expect.any(Number), -2, NUMBER]);
    expect(await redis.get("q")).toBe("-2");
    expect(await redis.pttl("q")).toBe(-1);
  });

  it("shares balances with the commands of the published plugin", async () => {
    await redis.set("q", "100");
    await redis.decrby("q", 7);
    expect(await change("add", "q", -3)).toEqual(["90", NUMBER]);
    await redis.incrby("q", 10);
    expect(await peek("q", 0)).toEqual(["100", -1, NUMBER]);
  });

  it.each([
    ["get", 0, "9007199254740993"],
    ["set", "9007199254740995", "9007199254740995"],
    ["set", -5, "-5"],
    ["add", 2, "9007199254740995"],
    ["add", -1, "9007199254740992"],
  ])("%s %s answers with every digit of the balance: %s", async (verb, amount, balance) => {
    await redis.set("q", "9007199254740993");
    expect(await change(verb, "q", amount)).toEqual([balance, NUMBER]);
  });

  it("a query of a missing balance creates none", async () => {
    expect(await change("get", "q", 0)).toEqual([null, NUMBER]);
    expect(await redis.exists("q")).toBe(0);
  });

  it("set takes an expiry away, as SET does", async () => {
    await redis.set("q", "1", "EX", 60);
    await change("set", "q", 5);
    expect(await redis.pttl("q")).toBe(-1);
  });

  it.each([
    ["holds no integer", "text", 1],
    ["would overflow", "9223372036854775807", 1],
  ])("a change is refused when the balance %s, which stays as it is", async (_what, value, amount) => {
    await redis.set("q", value);
    await expect(change("add", "q", amount)).rejects.toThrow(
      /^ERR (value is not an integer|increment or decrement)/,
    );
    expect(await redis.get("q")).toBe(value);
  });
});
