// Contract: a charge that settles a hold finds it, once, however long it has waited and however often its deadline was renewed:
// the built filter, whose commands a real Redis carries out. Specified in ARCHITECTURE.md, "Reservations".
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startRedisServer, type RedisServer } from "../../tools/redis-server.ts";
import { array, metric, MODULES, PER_KEY, ROOT, start, usageBody } from "../support/filter.ts";
import type { RedisCommand, StrictHost } from "../support/strict-host.ts";

const COUNTER = "higress-token-ratelimit:r:limit_by_per_header:60:x-api-key:alice";
const BODY = JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hi" }], max_tokens: 20 });
const REFUSED = "-LOADING Redis is loading the dataset\r\n";

let server: RedisServer;
let redis: Redis;
beforeAll(async () => {
  server = await startRedisServer();
  redis = new Redis(server.port, server.host);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});
beforeEach(() => redis.flushall());

describe.each(MODULES)("%s", (_name, file) => {
  /** Redis carries out the first command that waits. @param isLost whether the reply gets lost */
  async function carryOut(host: StrictHost, isLost = false): Promise<void> {
    const command = host.pending[0]!;
    const [verb, ...args] = command.args.map(String) as [string, ...string[]];
    const reply = await redis.call(verb, ...args).then(
      (values) => array(...(values as (string | number | null)[])),
      (error: Error) => `-${error.message}\r\n`,
    );
    if (reply.startsWith("-NOSCRIPT") || !isLost) answer(host, command, reply);
    else host.reply(ROOT, null, command);
    if (reply.startsWith("-NOSCRIPT")) await carryOut(host, isLost);
  }
  function answer(host: StrictHost, command: RedisCommand, reply: string): void {
    host.pending.splice(host.pending.indexOf(command), 1);
    host.deliver(ROOT, command.token, 0, reply);
  }
  /** A host whose clock is ten minutes behind that of Redis, so that the first deadlines have passed. */
  async function begin(): Promise<StrictHost> {
    const host = await start(file, { ...PER_KEY, reservation: { mode: "estimate" } });
    host.now = Date.now() - 600_000;
    return host;
  }
  /** The call is admitted, and what it has consumed is to be charged. */
  function call(host: StrictHost): void {
    host.responseHeaders(2, { "content-type": "application/json" });
    host.responseBody(2, usageBody(8, 4), true);
    host.end(2);
  }
  const post = (host: StrictHost): void => {
    host.request(2, ROOT, { "x-api-key": "alice", ":path": "/v1/chat/completions" }, false);
    host.requestBody(2, BODY, true);
  };
  /** The names of those beside which something is held; what was learned of calls may lie there too. */
  const holds = async (): Promise<string[]> => {
    const names = await redis.keys("higress-token-ratelimit:held:*");
    const sums = await Promise.all(names.map((name) => redis.hget(name, "sum")));
    return names.filter((_, i) => sums[i] !== null);
  };

  it.each([
    ["known", false],
    ["unknown because the reply to it was lost", true],
  ])(
    "charges a call whose hold is %s and ends it, although its deadline had passed at first",
    async (_what, isLost) => {
      const host = await begin();
      post(host);
      await carryOut(host, isLost);
      expect(await holds()).toHaveLength(1);
      call(host);
      await carryOut(host);
      expect([await redis.get(COUNTER), host.pending.length]).toEqual([null, 1]);
      await carryOut(host);
      expect([await redis.get(COUNTER), await holds()]).toEqual(["12", []]);
      expect([metric(host, "charged_tokens"), metric(host, "lost_tokens")]).toEqual([12, 0]);
    },
  );

  it("does so after it has waited for a Redis that refused it, although the reply is lost then", async () => {
    const host = await begin();
    post(host);
    await carryOut(host, true);
    call(host);
    const marker = String(host.pending[0]!.args[5]);
    answer(host, host.pending[0]!, REFUSED);
    expect(host.pending).toEqual([]);
    const names: string[] = [];
    // Too late; carried out, but nobody says so; and once more.
    for (const isReplyLost of [false, true, false]) {
      for (let i = 0; i < 20 && host.pending.length === 0; ++i) host.pass(ROOT, 500);
      expect(await redis.get(COUNTER)).toBe(names.length < 2 ? null : "12");
      names.push(String(host.pending[0]!.args[5]));
      await carryOut(host, isReplyLost);
    }
    // The next tick tells what is left of metrics; then there is none.
    host.pass(ROOT, 500);
    expect([host.pending, host.tickPeriod]).toEqual([[], 0]);
    expect(names).toEqual([marker, marker, marker]);
    expect([await redis.get(COUNTER), await holds()]).toEqual(["12", []]);
    expect([metric(host, "charged_tokens"), metric(host, "lost_tokens")]).toEqual([12, 0]);
  });
});
