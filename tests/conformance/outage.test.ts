// Contract: while Redis is away, charges wait within a bound in bytes; those that were surely not made and go to the same
// counters wait as one. Specified in assembly/ledger/waiting-charges.ts and README.md, "When something fails".
import { describe, expect, it } from "vitest";
import { chargeOf, metric, MODULES, PER_KEY, ROOT, start, usageBody } from "../support/filter.ts";
import { RedisModel } from "../support/redis-model.ts";
import type { RedisCommand, StrictHost } from "../support/strict-host.ts";

const MIB = 1 << 20;
const isCharge = (command: RedisCommand): boolean =>
  command.args.length - 3 - Number(command.args[2]) === Number(command.args[2]) + 2;

/** What becomes of a command: it gets no reply, Redis says no, or it is carried out. */
type Fate = "lost" | "refused" | "made";

/** The filter with a Redis that answers at once, as long as it is there. */
class Scene {
  readonly redis = new RedisModel();
  readonly charges: ReturnType<typeof chargeOf>[] = [];
  checks = 0;
  fate: Fate = "made";
  private id = 10;

  private constructor(readonly host: StrictHost) {
    host.now = this.redis.now;
    host.onRedisCall = (command) => {
      if (isCharge(command)) this.charges.push(chargeOf(command));
      else this.checks++;
      this.redis.now = host.now;
      if (this.fate === "lost") host.reply(ROOT, null, command);
      else if (this.fate === "refused")
        host.reply(ROOT, "-LOADING Redis is loading the dataset\r\n", command);
      else {
        host.pending.splice(host.pending.indexOf(command), 1);
        host.deliver(ROOT, command.token, 0, this.redis.run(command));
      }
    };
  }

  static async begin(file: string, options: object = {}): Promise<Scene> {
    const limits = [{ limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", token_per_minute: 1e12 }] }];
    return new Scene(await start(file, { ...PER_KEY, rule_items: limits, ...options }));
  }

  call(caller: string, tokens = 7): void {
    const id = ++this.id;
    this.host.request(id, ROOT, { "x-api-key": caller });
    this.host.responseHeaders(id, { "content-type": "application/json" });
    this.host.responseBody(id, usageBody(tokens - 4, 4), true);
    this.host.end(id);
  }

  /** Redis is back, and so much time passes that everything can be charged. */
  settle(): void {
    this.fate = "made";
    for (let i = 0; i < 1000 && this.host.tickPeriod > 0; ++i) this.host.pass(ROOT, 500);
    expect(this.host.tickPeriod).toBe(0);
  }

  get counted(): number {
    return [...this.redis.counters.values()].reduce((sum, value) => sum + value, 0);
  }
}

describe.each(MODULES)("%s", (name, file) => {
  it.each(["lost", "refused"] as const)(
    "loses nothing of 100,000 calls of 1,000 callers while commands are %s",
    async (fate) => {
      const calls = name === "release" ? 100_000 : 20_000;
      const scene = await Scene.begin(file);
      scene.call("first");
      scene.fate = fate;
      for (let i = 0; i < calls; ++i) {
        scene.call(`caller-${i % 1000}`);
        // Less than two minutes in all.
        if (i % (calls / 200) === 0) scene.host.pass(ROOT, 500);
      }
      expect(metric(scene.host, "lost_tokens")).toBe(0);
      expect(scene.host.memoryBytes).toBeLessThan(3 * MIB);
      // All calls are charged to each caller in hardly more than one command.
      scene.charges.length = 0;
      scene.settle();
      expect(scene.charges.length).toBeLessThan(1_300);
      expect(metric(scene.host, "lost_tokens")).toBe(0);
      expect(metric(scene.host, "charged_tokens")).toBe(7 * (calls + 1));
      expect(scene.redis.counters.size).toBe(1001);
      for (const [key, tokens] of scene.redis.counters) {
        expect(tokens).toBe(key.endsWith("first") ? 7 : 7 * (calls / 1000));
      }
    },
    60_000,
  );

  it("probes a Redis that does not answer, less and less often, and sends nothing else", async () => {
    const scene = await Scene.begin(file);
    scene.fate = "lost";
    for (let second = 0; second < 100; ++second) {
      for (let i = 0; i < 10; ++i) scene.call(`caller-${i}`);
      scene.host.pass(ROOT, 1000);
    }
    // By the charge that was on its way, at 1 second, and by reading a counter at 3, 7, 15, 31, 47, 63, 79 and 95.
    expect(scene.charges.map(({ marker }) => marker)).toEqual(Array(2).fill(scene.charges[0]!.marker));
    expect(scene.checks).toBe(1000 + 8);
    scene.settle();
    expect(scene.counted).toBe(7000);
  });

  it("continues at once when Redis answers any command again", async () => {
    const scene = await Scene.begin(file);
    scene.fate = "lost";
    for (let second = 0; second < 20; ++second) {
      scene.call("alice");
      scene.host.pass(ROOT, 1000);
    }
    scene.fate = "made";
    scene.call("bob");
    scene.host.pass(ROOT, 500);
    expect(scene.counted).toBe(7 * 21);
  });

  it("does not merge charges that may already have been made", async () => {
    const scene = await Scene.begin(file);
    const { host } = scene;
    const onItsWay: RedisCommand[] = [];
    const answer = host.onRedisCall;
    host.onRedisCall = (command) => (isCharge(command) ? onItsWay.push(command) : answer(command));
    for (let i = 0; i < 3; ++i) scene.call("alice");
    host.onRedisCall = answer;
    // All three are made; two replies are lost, and with them one that was not made.
    for (const command of onItsWay.slice(0, 2)) scene.redis.run(command);
    for (const command of onItsWay) host.reply(ROOT, null, command);
    scene.settle();
    const markers = new Set(scene.charges.map(({ marker }) => marker));
    expect(markers.size).toBe(3);
    expect(scene.counted).toBe(21);
    expect(metric(host, "charged_tokens")).toBe(21);
  });

  it("treats a charge as possibly made after an error that may come from a proxy", async () => {
    const scene = await Scene.begin(file);
    const { host } = scene;
    const answer = host.onRedisCall;
    host.onRedisCall = (command) => {
      if (!isCharge(command)) return answer(command);
      scene.redis.run(command);
      host.reply(ROOT, "-ERR Connection timed out\r\n", command);
    };
    scene.call("alice");
    scene.call("alice");
    host.onRedisCall = answer;
    scene.settle();
    expect(scene.counted).toBe(14);
    expect(metric(host, "charged_tokens")).toBe(14);
  });

  it("keeps no more than 4 MiB of charges waiting, however long names are, and counts the others as lost", async () => {
    const scene = await Scene.begin(file);
    scene.fate = "lost";
    scene.call("first");
    for (let i = 0; i < 3000; ++i) scene.call(`${i}`.padEnd(4096, "x"));
    // They are 4 MiB; memory grows by doubling, and holds what the collector has not come to.
    expect(scene.host.memoryBytes).toBeLessThanOrEqual(16 * MIB);
    const lost = metric(scene.host, "lost_tokens") / 7;
    expect(lost).toBeGreaterThan(3000 - 1000);
    expect(lost).toBeLessThan(3000 - 970);
    scene.settle();
    expect(scene.counted).toBe(7 * (3001 - lost));
    // What was given back serves the next outage.
    const after = scene.host.memoryBytes;
    scene.fate = "lost";
    for (let i = 0; i < 3000; ++i) scene.call(`${i}`.padEnd(4096, "y"));
    expect(scene.host.memoryBytes).toBe(after);
  });

  it("has at most 1,024 charges in flight; further ones wait", async () => {
    const scene = await Scene.begin(file);
    const { host } = scene;
    const answer = host.onRedisCall;
    const onTheirWay: RedisCommand[] = [];
    host.onRedisCall = (command) => (isCharge(command) ? onTheirWay.push(command) : answer(command));
    for (let i = 0; i < 5000; ++i) scene.call(`caller-${i % 50}`);
    expect(onTheirWay).toHaveLength(1024);
    host.onRedisCall = answer;
    for (const command of onTheirWay) {
      host.pending.splice(host.pending.indexOf(command), 1);
      host.deliver(ROOT, command.token, 0, scene.redis.run(command));
    }
    scene.settle();
    expect(scene.counted).toBe(35_000);
    // The 3,976 that waited were one for each caller.
    expect(scene.charges.length).toBeLessThanOrEqual(50);
  });

  it("retries a charge that may have been made for two minutes, however long it waited before it was sent", async () => {
    const scene = await Scene.begin(file);
    const { host } = scene;
    scene.fate = "refused";
    scene.call("alice");
    host.pass(ROOT, 150_000);
    // Redis is back, and carries it out; the reply is lost.
    const answer = host.onRedisCall;
    host.onRedisCall = (command) => {
      scene.redis.now = host.now;
      if (isCharge(command)) scene.redis.run(command);
      host.reply(ROOT, null, command);
    };
    host.pass(ROOT, 100_000);
    expect(scene.counted).toBe(7);
    expect(metric(host, "lost_tokens")).toBe(0);
    host.onRedisCall = answer;
    scene.settle();
    expect([scene.counted, metric(host, "charged_tokens"), metric(host, "lost_tokens")]).toEqual([7, 7, 0]);
  });

  it("gives up a charge that was never made after an hour", async () => {
    const scene = await Scene.begin(file);
    scene.fate = "refused";
    scene.call("alice");
    scene.host.pass(ROOT, 3_500_000);
    expect(metric(scene.host, "lost_tokens")).toBe(0);
    scene.host.pass(ROOT, 110_000);
    expect(metric(scene.host, "lost_tokens")).toBe(7);
    expect(scene.host.tickPeriod).toBe(0);
  });

  it("makes charges that wait while their configuration is replaced", async () => {
    const scene = await Scene.begin(file);
    scene.fate = "lost";
    for (let i = 0; i < 5; ++i) {
      scene.call("alice");
      scene.call("bob");
      scene.host.reconfigure(ROOT, { ...PER_KEY, rejected_code: 430 + i });
    }
    scene.settle();
    expect(scene.counted).toBe(70);
    expect(metric(scene.host, "charged_tokens")).toBe(70);
  });

  it("gives up two minutes after its configuration was removed", async () => {
    const scene = await Scene.begin(file);
    scene.fate = "refused";
    scene.call("alice");
    scene.host.done(ROOT);
    scene.host.pass(ROOT, 119_000);
    expect(scene.host.ending.size).toBe(1);
    scene.host.pass(ROOT, 2_000);
    expect(scene.host.ending.size).toBe(0);
    expect(metric(scene.host, "lost_tokens")).toBe(7);
  });
});
