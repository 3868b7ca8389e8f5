// Contract: the Redis in memory answers the scripts of the filters as a real one does, with a clock that is given.
// The real one is the oracle; the scripts are those of assembly/ledger/lua/.
import { createHash } from "node:crypto";
import fc from "fast-check";
import { Redis } from "ioredis";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { encodeCommand } from "../../gateway/src/redis/command.ts";
import { Lua } from "../../gateway/src/memory-redis/lua.ts";
import { MemoryRedis } from "../../gateway/src/memory-redis/memory-redis.ts";
import { startRedisServer } from "../../tools/redis-server.ts";
import { loadHarness } from "../support/as.ts";
import { fuzz } from "../support/fuzz.ts";

const NUMBER = "9007199254740992993";
const WIDTH = 1_000_000;
const KINDS = ["60", "s60", "b60:100", "i"] as const;
type Scripts = Record<
  "peekScript" | "settleScript" | "holdScript" | "settleHeldScript",
  (counters: number) => string
>;

let lua: Lua;
beforeAll(async () => {
  lua = await Lua.create();
});

const command = (redis: MemoryRedis, ...words: (string | number)[]): string =>
  redis.handle(encodeCommand(words.map(String))).toString("latin1");

describe("beside a real Redis", () => {
  /** One step of a history, at one of three counters of one kind each. */
  const step = fc.record({
    what: fc.constantFrom("peek", "settle", "hold", "settleHeld"),
    kind: fc.constantFrom(...KINDS),
    amount: fc.nat(80),
    least: fc.nat(40),
    id: fc.nat(6),
    wait: fc.constantFrom(0, 1, 999, 20_000, 9 * WIDTH),
  });
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

  function commandOf(
    scripts: Scripts,
    { what, kind, amount, least, id }: Step,
    now: number,
  ): (string | number)[] {
    const at = KINDS.indexOf(kind);
    const marker = `m:${id}`;
    switch (what) {
      case "peek":
        return [scripts.peekScript(1), 1, "k0", 60, NUMBER];
      case "settle":
        return [scripts.settleScript(1), 2, "k0", marker, 60, now + 60_000, amount, NUMBER];
      case "hold":
        return [
          ...[scripts.holdScript(1), 3, `k${at}`, `h${at}`, marker],
          ...[1, 70, amount, Math.min(least, amount), least > 20 ? "stated" : "assumed", WIDTH, "charge"],
          ...[3_600_000, "-", id, 50, kind, 300, NUMBER],
        ];
      default:
        return [
          ...[scripts.settleHeldScript(1), 3, `k${at}`, `h${at}`, marker],
          ...[1, amount + least, now + 60_000, 0, 0, amount, kind, NUMBER],
        ];
    }
  }

  it("replies the same to random histories of the scripts", async () => {
    const scripts = await loadHarness<Scripts>("tests/lua/scripts.harness.ts");
    const server = await startRedisServer();
    const real = new Redis(server.port, server.host);
    onTestFinished(async () => {
      real.disconnect();
      await server.stop();
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        await real.flushall();
        // Both go by the clock of the test where scripts ask for it; expiry goes by the real one, which hardly moves here.
        let now = Date.now();
        const start = now;
        const memory = new MemoryRedis(lua, () => start);
        for (const one of steps) {
          now += one.wait;
          const clock = `{ '${Math.floor(now / 1000)}', '${(now % 1000) * 1000}' }`;
          const [text, count, ...rest] = commandOf(scripts, one, now);
          const script = String(text).replace("redis.call('TIME')", clock);
          const reply = await real.eval(script, Number(count), ...rest.map(String));
          expect(
            about(command(memory, "EVAL", script, ...([count, ...rest] as string[]))),
            JSON.stringify(one),
          ).toEqual(about(resp(reply)));
        }
      }),
      fuzz(150),
    );
  });

  function resp(reply: unknown): string {
    if (reply === null) return "$-1\r\n";
    if (typeof reply === "number") return `:${reply}\r\n`;
    if (Array.isArray(reply)) return `*${reply.length}\r\n${reply.map(resp).join("")}`;
    const text = reply as string;
    return `$${text.length}\r\n${text}\r\n`;
  }

  /** Milliseconds that are left may differ by what the machine took: whatever is large is rounded to seconds. */
  function about(reply: string): string {
    return reply.replace(/(?<=:)\d{4,}(?=\r)/g, (digits) => String(Math.round(Number(digits) / 5000)));
  }
});

describe("on its own", () => {
  it("knows a script by its hash once it has seen it", () => {
    const redis = new MemoryRedis(lua, () => 0);
    const script = "return { KEYS[1], ARGV[1] * 2 }";
    const sha = createHash("sha1").update(script).digest("hex");
    expect(command(redis, "EVALSHA", sha, 1, "k", 21)).toMatch(/^-NOSCRIPT /);
    for (const words of [
      ["EVAL", script],
      ["EVALSHA", sha],
    ])
      expect(command(redis, ...words, 1, "k", 21)).toBe("*2\r\n$1\r\nk\r\n:42\r\n");
  });

  it("lets keys vanish by its clock", () => {
    let now = 1_700_000_000_000;
    const redis = new MemoryRedis(lua, () => now);
    command(redis, "SET", "k", "7", "EX", 60);
    now += 59_999;
    expect(command(redis, "PTTL", "k")).toBe(":1\r\n");
    expect(command(redis, "INCRBY", "k", 3)).toBe(":10\r\n");
    now += 1;
    expect(command(redis, "GET", "k")).toBe("$-1\r\n");
    expect(command(redis, "PTTL", "k")).toBe(":-2\r\n");
  });

  it("keeps every byte of a key", () => {
    const redis = new MemoryRedis(lua, () => 0);
    const key = Buffer.from([0xff, 0x00, 0xe4, 0x0d, 0x0a]).toString("latin1");
    const words = ["EVAL", "redis.call('SET', KEYS[1], '1') return KEYS[1]", "1", key];
    const query = Buffer.from(
      `*4\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`,
      "latin1",
    );
    expect(redis.handle(query).toString("latin1")).toBe(`$5\r\n${key}\r\n`);
    expect(redis.store.get(key)).toBe("1");
  });

  it.each([
    ["", /^-ERR Protocol error/],
    ["*1\r\n$4\r\nPI", /^-ERR Protocol error/],
    ["*999999999\r\n", /^-ERR Protocol error/],
    ["*1\r\n$11\r\nconstructor\r\n", /^-ERR unknown command/],
    ["*3\r\n$4\r\nEVAL\r\n$9\r\nreturn x.\r\n$1\r\n0\r\n", /^-ERR Error compiling script/],
    ["*3\r\n$4\r\nEVAL\r\n$10\r\nreturn x.y\r\n$1\r\n0\r\n", /^-ERR .*attempt to index a nil value/],
    ["*3\r\n$4\r\nEVAL\r\n$20\r\nredis.call('NOTHING')\r\n$1\r\n0\r\n", /^-ERR/],
  ])("answers %j with an error", (query, error) => {
    const redis = new MemoryRedis(lua, () => 0);
    expect(redis.handle(Buffer.from(query)).toString()).toMatch(error);
  });
});
