// Contract: a charge is made once, whatever Redis, the network and the clocks do, and lost only where that is said: the
// filter against a model of Redis, with the time of both set by the test. Specified in ARCHITECTURE.md, "A charge, exactly once".
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { metric, MODULES, PER_KEY, REDIS, ROOT, start, usageBody } from "../support/filter.ts";
import { fuzz } from "../support/fuzz.ts";
import { RedisModel } from "../support/redis-model.ts";
import type { RedisCommand, StrictHost } from "../support/strict-host.ts";

const keyOf = (caller: string): string =>
  `higress-token-ratelimit:r:limit_by_per_header:60:x-api-key:${caller}`;

/** The filter, a Redis, and what is between them. Commands are on their way until the test says what becomes of them. */
class Scene {
  readonly redis = new RedisModel();
  private id = 10;

  private constructor(
    readonly host: StrictHost,
    private readonly timeout: number,
  ) {
    host.now = this.redis.now;
  }

  static async begin(file: string, timeout = 1_000): Promise<Scene> {
    const limits = [
      { limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", token_per_minute: 1_000_000_000 }] },
    ];
    return new Scene(
      await start(file, { ...PER_KEY, rule_items: limits, redis: { ...REDIS, timeout } }),
      timeout,
    );
  }

  /** A call that is worth so many tokens; its check is answered, if Redis can be reached, and its charge is on its way. */
  call(tokens: number, caller = "alice", isReachable = true): void {
    const id = ++this.id;
    this.host.request(id, ROOT, { "x-api-key": caller });
    const check = this.host.pending.at(-1)!;
    this.host.reply(ROOT, isReachable ? this.redis.run(check) : null, check);
    this.host.responseHeaders(id, { "content-type": "application/json" });
    this.host.responseBody(id, usageBody(tokens - 4, 4), true);
    this.host.end(id);
  }

  /** Both clocks go on, and with them the filter. */
  pass(milliseconds: number): void {
    this.redis.now += milliseconds;
    this.host.pass(ROOT, milliseconds);
  }

  /** Time passes until a charge is sent, or none waits any more. */
  untilSent(): void {
    while (this.host.pending.length === 0 && this.host.tickPeriod > 0) this.pass(500);
  }

  /** What is on its way gets no reply in time. Whether it arrives is another matter. */
  timeOut(): RedisCommand[] {
    this.pass(this.timeout);
    const commands = [...this.host.pending];
    for (const command of commands) this.host.reply(ROOT, null, command);
    return commands;
  }

  /** Everything arrives and is answered until nothing waits. */
  settle(): void {
    for (;;) {
      this.untilSent();
      const [command] = this.host.pending;
      if (command === undefined) return;
      this.answer(command);
    }
  }

  answer(command: RedisCommand): void {
    this.host.pending.splice(this.host.pending.indexOf(command), 1);
    this.host.deliver(ROOT, command.token, 0, this.redis.run(command));
  }

  get counted(): number {
    return this.redis.counters.get(keyOf("alice")) ?? 0;
  }

  get outcome(): { counted: number; charged: number; lost: number } {
    return {
      counted: this.counted,
      charged: metric(this.host, "charged_tokens"),
      lost: metric(this.host, "lost_tokens"),
    };
  }
}

const ONCE = { counted: 100, charged: 100, lost: 0 };

describe.each(MODULES)("%s", (_name, file) => {
  it.each([1_000, 3_000, 6_000, 30_000, 600_000])(
    "makes a charge once if every reply but the last is lost, with a timeout of %i ms",
    async (timeout) => {
      const scene = await Scene.begin(file, timeout);
      scene.call(100);
      for (let lost = 0; scene.host.pending.length > 0 && lost < 4; ++lost) {
        for (const command of [...scene.host.pending]) scene.redis.run(command);
        scene.timeOut();
        scene.untilSent();
      }
      scene.settle();
      expect(scene.outcome).toMatchObject({ counted: 100 });
      expect(scene.outcome.charged + scene.outcome.lost).toBe(100);
      if (timeout <= 6_000) expect(scene.outcome).toEqual(ONCE);
    },
  );

  it.each([1_000, 6_000, 30_000])(
    "never makes a charge twice if every reply is lost, with a timeout of %i ms",
    async (timeout) => {
      const scene = await Scene.begin(file, timeout);
      scene.call(100);
      for (let attempts = 0; scene.host.pending.length > 0 && attempts < 50; ++attempts) {
        // Each is carried out as late as it can be.
        const commands = scene.timeOut();
        for (const command of commands) scene.redis.run(command);
        scene.untilSent();
      }
      expect(scene.outcome).toEqual({ counted: 100, charged: 0, lost: 100 });
    },
  );

  it.each([
    [63, 1_000],
    [63, 3_000],
    [90, 1_000],
    [90, 6_000],
  ])(
    "makes a charge once when Redis stands still for %i s right after it, with a timeout of %i ms",
    async (seconds, timeout) => {
      const scene = await Scene.begin(file, timeout);
      scene.call(100);
      scene.redis.run(scene.host.pending[0]!);
      const buffered: RedisCommand[] = [];
      const end = scene.redis.now + seconds * 1000;
      while (scene.redis.now < end) {
        buffered.push(...scene.timeOut());
        scene.untilSent();
      }
      // What has gathered in its sockets is carried out; who had sent it hears nothing of that.
      for (const command of buffered.slice(1)) scene.redis.run(command);
      scene.settle();
      expect(scene.outcome).toEqual(ONCE);
    },
  );

  it("makes a charge once when Redis stands still for 90 s right before it", async () => {
    const scene = await Scene.begin(file);
    scene.call(100);
    const buffered: RedisCommand[] = [];
    const end = scene.redis.now + 90_000;
    while (scene.redis.now < end) {
      buffered.push(...scene.timeOut());
      scene.untilSent();
    }
    for (const command of buffered) scene.redis.run(command);
    scene.settle();
    expect(scene.outcome).toEqual(ONCE);
  });

  it("does not carry out a charge that arrives after it was given up and its marker has expired", async () => {
    const scene = await Scene.begin(file);
    scene.call(100);
    scene.redis.run(scene.host.pending[0]!);
    const buffered: RedisCommand[] = [];
    while (scene.host.pending.length > 0) {
      buffered.push(...scene.timeOut());
      scene.untilSent();
    }
    scene.pass(3_600_000);
    for (const command of buffered) scene.redis.run(command);
    expect(scene.redis.refused).toBe(buffered.length);
    expect(scene.outcome).toEqual({ counted: 100, charged: 0, lost: 100 });
  });

  it.each([-86_400_000, -600_000, -60_000, 60_000, 600_000, 86_400_000])(
    "makes charges once when the clock of the gateway jumps by %i ms between them",
    async (jump) => {
      const scene = await Scene.begin(file);
      scene.call(100);
      scene.settle();
      scene.host.now += jump;
      scene.call(100);
      scene.redis.run(scene.host.pending[0]!);
      scene.timeOut();
      scene.host.now -= jump / 2;
      scene.settle();
      // Only a charge whose reply is lost at the same time can be, and only if its deadline was wrong by more than it has time.
      const isLost = jump < -140_000;
      expect(scene.outcome).toEqual(
        isLost ? { counted: 100, charged: 100, lost: 100 } : { counted: 200, charged: 200, lost: 0 },
      );
    },
  );

  it.each([-86_400_000, -600_000, 600_000, 86_400_000, 3_000_000_000_000])(
    "makes charges once, and loses none, with a Redis whose clock is off by %i ms",
    async (ahead) => {
      const scene = await Scene.begin(file);
      scene.redis.now += ahead;
      for (let i = 0; i < 5; ++i) {
        scene.call(20);
        scene.settle();
      }
      expect(scene.outcome).toEqual(ONCE);
      // What it shows is known by now.
      scene.call(20);
      const markers = [...scene.redis.markers.keys()];
      scene.settle();
      const expiries = [...scene.redis.markers].filter(([name]) => !markers.includes(name));
      expect(expiries).toHaveLength(1);
      expect(Math.abs(expiries[0]![1] - scene.redis.now - 141_000)).toBeLessThan(1_000);
    },
  );

  it("never makes a charge twice when another Redis takes over whose clock is ahead", async () => {
    const scene = await Scene.begin(file);
    scene.call(100);
    scene.redis.run(scene.host.pending[0]!);
    scene.timeOut();
    scene.redis.now += 3_600_000;
    scene.settle();
    expect(scene.outcome).toEqual({ counted: 100, charged: 0, lost: 100 });
    // The next charge hears of the other clock, and goes on.
    scene.call(100);
    scene.settle();
    expect(scene.outcome).toEqual({ counted: 200, charged: 100, lost: 100 });
  });

  it("charges an answer once if two gateways charge it, or one gateway charges it again", async () => {
    const scene = await Scene.begin(file);
    scene.call(100);
    const [command] = scene.host.pending;
    scene.answer(command!);
    scene.redis.run(command!);
    expect(scene.outcome).toEqual(ONCE);
  });

  it("makes each charge at most once, and loses only what it counts as lost, whatever happens to commands and clocks", async () => {
    const event = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant("call" as const), caller: fc.nat(3) }) },
      { weight: 6, arbitrary: fc.record({ kind: fc.constant("pass" as const), by: fc.nat(20_000) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant("answer" as const), which: fc.nat(9) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant("lose the reply" as const), which: fc.nat(9) }) },
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant("lose the command" as const), which: fc.nat(9) }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant("delay the command" as const), which: fc.nat(9) }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("arrive late" as const) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("refuse" as const), which: fc.nat(9) }) },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant("set the gateway's clock" as const),
          by: fc.integer({ min: -1e6, max: 1e6 }),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant("set Redis' clock" as const),
          by: fc.integer({ min: 0, max: 1e6 }),
        }),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 60, size: "max" }), async (events) => {
        const scene = await Scene.begin(file);
        const { host, redis } = scene;
        let worth = 0;
        const late: RedisCommand[] = [];
        const pick = (which: number): RedisCommand | undefined =>
          host.pending[which % Math.max(host.pending.length, 1)];
        for (const one of events) {
          const command = "which" in one ? pick(one.which) : undefined;
          if (one.kind === "call") {
            const tokens = 10 + 7 * one.caller;
            worth += tokens;
            scene.call(tokens, ["alice", "bob", "carol", "dave"][one.caller], one.caller % 2 === 0);
          } else if (one.kind === "pass") scene.pass(one.by);
          else if (one.kind === "set the gateway's clock") host.now = Math.max(1, host.now + one.by);
          else if (one.kind === "set Redis' clock") redis.now += one.by;
          else if (one.kind === "arrive late") for (const old of late.splice(0)) redis.run(old);
          else if (command === undefined) continue;
          else if (one.kind === "answer") scene.answer(command);
          else if (one.kind === "refuse")
            host.reply(ROOT, "-LOADING Redis is loading the dataset in memory\r\n", command);
          else {
            if (one.kind === "lose the reply") redis.run(command);
            if (one.kind === "delay the command") late.push(command);
            host.reply(ROOT, null, command);
          }
        }
        scene.settle();
        for (const old of late) redis.run(old);
        const counted = [...redis.counters.values()].reduce((sum, value) => sum + value, 0);
        const charged = metric(host, "charged_tokens");
        const lost = metric(host, "lost_tokens");
        expect(charged + lost).toBe(worth);
        for (const times of redis.made.values()) expect(times).toBe(1);
        expect(counted).toBeGreaterThanOrEqual(charged);
        expect(counted).toBeLessThanOrEqual(worth);
        expect(host.tickPeriod).toBe(0);
      }),
      fuzz(150),
    );
  });
});
