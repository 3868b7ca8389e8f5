// A real Redis, and the scripts that reserve and settle, with a clock that the tests set.
import { Redis } from "ioredis";
import { expect } from "vitest";
import { startRedisServer, type RedisServer } from "../../tools/redis-server.ts";
import { loadHarness } from "../support/as.ts";

export interface Scripts {
  holdScript(counters: number): string;
  holdDigest(counters: number): string;
  settleHeldScript(counters: number): string;
  settleHeldDigest(counters: number): string;
}

/** The number of a command, which its reply repeats. */
export const NUMBER = "9007199254740992993";
/** The length of a bucket by the clock of the test, in milliseconds, unless a hold has another. */
export const WIDTH = 1_000;
/** The limits of the counters of a hold, unless it has others. */
export const LIMITS = [100, 250];

export interface Asked {
  input: number;
  output: number;
  least?: number;
  assumed?: boolean;
  lapse?: "charge" | "release";
  sign?: 1 | -1;
  width?: number;
  readings?: boolean;
  /** Which model is called, and whether what was learned may lower what is reserved. */
  model?: number;
  mayShrink?: boolean;
}

/** The counters `k0`, `k1`, …, their holds `h0`, `h1`, …, and the markers of calls. */
export class HeldRedis {
  /** The clock of the scripts, in milliseconds. */
  now = 1_000_000;

  private constructor(
    readonly scripts: Scripts,
    readonly redis: Redis,
    private readonly server: RedisServer,
  ) {}

  static async start(program: string): Promise<HeldRedis> {
    const scripts = await loadHarness<Scripts>("tests/lua/scripts.harness.ts");
    const server = await startRedisServer({ program });
    return new HeldRedis(scripts, new Redis(server.port, server.host), server);
  }

  async stop(): Promise<void> {
    this.redis.disconnect();
    await this.server.stop();
  }

  /** Forgets everything, and sets the clock back. */
  async reset(): Promise<void> {
    await this.redis.flushall();
    this.now = 1_000_000;
  }

  /** A script whose clock is that of the test. */
  withClock(script: string): string {
    const time = `{ ${Math.floor(this.now / 1000)}, ${(this.now % 1000) * 1000} }`;
    return script.replace("redis.call('TIME')", time);
  }

  keysOf(rows: number, id: string): string[] {
    return [...Array.from({ length: rows }, (_, i) => [`k${i}`, `h${i}`]).flat(), `m:${id}`];
  }

  /** Reserves. `bucket` says when the hold lapses, `rows` why nothing was reserved, or what was read before. */
  async hold(
    id: string,
    asked: Asked,
    limits = LIMITS,
  ): Promise<{ granted: number; bucket: string; correction: number; lapsed: number; rows: unknown[] }> {
    const {
      input,
      output,
      least = output,
      assumed = false,
      lapse = "charge",
      sign = 1,
      width = WIDTH,
      readings = false,
      model = -1,
      mayShrink = false,
    } = asked;
    const keys = this.keysOf(limits.length, id);
    const reply = (await this.redis.eval(
      this.withClock(this.scripts.holdScript(2 ** Math.ceil(Math.log2(limits.length)))),
      keys.length,
      ...keys,
      ...[sign, input, output, least, assumed ? "assumed" : "stated", width, lapse, 3_600_000],
      ...[readings ? "readings" : "-", model, mayShrink ? 50 : 100],
      ...limits.flatMap((limit) => [sign > 0 ? 3600 : 0, limit]),
      NUMBER,
    )) as unknown[];
    expect(reply.at(-1)).toBe(NUMBER);
    const isDenied = reply.at(-2) !== "held";
    const rows = reply.splice(0, isDenied || readings ? 3 * limits.length : 0);
    const lapsed = reply.splice(isDenied ? 0 : 3, reply.length % 3 === (isDenied ? 1 : 2) ? 0 : 1);
    if (isDenied) expect(reply).toEqual(lapsed.length > 0 ? [null, NUMBER] : [NUMBER]);
    else expect(reply.slice(3)).toEqual(["held", NUMBER]);
    return {
      granted: isDenied ? -1 : Number(reply[0]),
      bucket: String(reply[1]),
      correction: Number(reply[2]),
      lapsed: Number(lapsed[0] ?? 0),
      rows,
    };
  }

  /** Settles. @returns the reply without its number */
  async settle(
    id: string,
    tokens: number,
    bucket = "0",
    held = 0,
    rows = LIMITS.length,
    sign = 1,
    deadline = Date.now() + 60_000,
    input = -1,
  ): Promise<unknown[]> {
    const keys = this.keysOf(rows, id);
    const reply = (await this.redis.eval(
      this.withClock(this.scripts.settleHeldScript(2 ** Math.ceil(Math.log2(rows)))),
      keys.length,
      ...keys,
      ...[sign, tokens, deadline, bucket, held, input],
      ...Array.from({ length: rows }, () => (sign > 0 ? 3600 : 0)),
      NUMBER,
    )) as unknown[];
    expect(reply.at(-1)).toBe(NUMBER);
    return reply.slice(0, -1);
  }

  /** What a counter holds. */
  async spent(row = 0): Promise<number> {
    return Number((await this.redis.get(`k${row}`)) ?? 0);
  }

  /** What is held on a counter. */
  async heldOn(row = 0): Promise<number> {
    const fields = await this.redis.hgetall(`h${row}`);
    const sum = Object.entries(fields)
      .filter(([name]) => /^\d+$/.test(name))
      .reduce((sum, [, amount]) => sum + Number(amount), 0);
    expect(Number(fields["sum"] ?? 0)).toBe(sum);
    return sum;
  }

  /** Until every hold that is open now has lapsed. */
  lapse(): void {
    this.now += 9 * WIDTH;
  }
}
