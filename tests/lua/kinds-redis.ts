// A real Redis, and the scripts that reserve and settle, for counters of every kind, with a clock that the tests set.
import { Redis } from "ioredis";
import { startRedisServer, type RedisServer } from "../../tools/redis-server.ts";
import { loadHarness } from "../support/as.ts";

interface Scripts {
  holdScript(counters: number): string;
  settleHeldScript(counters: number): string;
}

/** A counter: its kind, as the scripts know it, and its limit. */
export type Row = [kind: string, limit: number];
/** What a denial says of a counter: its value, the milliseconds until there is room, what is held. */
type Denial = [used: number, leftMs: number, held: number];

const NUMBER = "9007199254740992993";
/** The length of a bucket of holds, in milliseconds. */
export const WIDTH = 1_000_000;
const START = 1_000_000_000;
/** Has every key expire so many milliseconds earlier, in one command. Some real milliseconds have passed, too. */
const EXPIRE_EARLIER = `
  for _, key in ipairs(redis.call('KEYS', '*')) do
    local left, passed = redis.call('PTTL', key), tonumber(ARGV[1])
    if left > passed + 20 then redis.call('PEXPIRE', key, left - passed) elseif left >= 0 then redis.call('DEL', key) end
  end`;

/** The counters `k0`, `k1`, …, their holds `h0`, `h1`, …, and the markers of calls. */
export class KindsRedis {
  /** The clock of the scripts, in milliseconds. At the start, windows of up to ten seconds begin. */
  now = START;
  private calls = 0;

  private constructor(
    private readonly scripts: Scripts,
    readonly redis: Redis,
    private readonly server: RedisServer,
  ) {}

  static async start(program: string): Promise<KindsRedis> {
    const scripts = await loadHarness<Scripts>("tests/lua/scripts.harness.ts");
    const server = await startRedisServer({ program });
    return new KindsRedis(scripts, new Redis(server.port, server.host), server);
  }

  async stop(): Promise<void> {
    this.redis.disconnect();
    await this.server.stop();
  }

  /** Forgets everything, and sets the clock. */
  async reset(now = START): Promise<void> {
    await this.redis.flushall();
    this.now = now;
  }

  /** Sets the clock forward. Keys expire as they would have by then. */
  async pass(ms: number): Promise<void> {
    this.now += ms;
    await this.redis.eval(EXPIRE_EARLIER, 0, ms);
  }

  /** Asks for so much on these counters: the output that was reserved, or what a denial says of each. */
  async ask(
    rows: Row[],
    amount: number,
    { least = amount, id = `c${++this.calls}` } = {},
  ): Promise<{ id: string; granted: number; rows: Denial[] }> {
    const reply = await this.run(this.scripts.holdScript(size(rows)), rows, id, [
      ...[1, 0, amount, least, "stated", WIDTH, "charge", 40 * WIDTH, "-", -1, 100],
      ...rows.flat(),
    ]);
    const numbers = reply.map(Number);
    if (numbers.length === 0 || reply.includes("held")) return { id, granted: numbers[0] ?? NaN, rows: [] };
    return { id, granted: -1, rows: rows.map((_, i) => numbers.slice(3 * i, 3 * i + 3) as Denial) };
  }

  /** Settles. @returns what the counters hold */
  async settle(rows: Row[], tokens: number, id = `c${++this.calls}`): Promise<number[]> {
    const reply = await this.run(this.scripts.settleHeldScript(size(rows)), rows, id, [
      // Redis' own clock decides how long the marker lasts.
      ...[1, tokens, Math.max(this.now, Date.now()) + 60_000, 0, 0, -1],
      ...rows.map(([kind]) => kind),
    ]);
    return reply.slice(1).map(Number);
  }

  /** What a denial would say of a counter, read without reserving anything. */
  async read(kind: string, limit: number): Promise<Denial> {
    return (await this.ask([[kind, limit]], 0, { least: 1 })).rows[0]!;
  }

  private async run(
    script: string,
    rows: Row[],
    id: string,
    values: (string | number)[],
  ): Promise<unknown[]> {
    const time = `{ ${Math.floor(this.now / 1000)}, ${(this.now % 1000) * 1000} }`;
    const keys = [...rows.flatMap((_, i) => [`k${i}`, `h${i}`]), `m:${id}`];
    const withClock = script.replace("redis.call('TIME')", time);
    const reply = (await this.redis.eval(withClock, keys.length, ...keys, ...values, NUMBER)) as unknown[];
    if (reply.at(-1) !== NUMBER) throw new Error(`a reply without its number: ${String(reply)}`);
    return reply.slice(0, -1);
  }
}

const size = (rows: Row[]): number => 2 ** Math.ceil(Math.log2(rows.length));
