// Scenario: Redis goes away and comes back while requests run. No request waits for it or fails because of it; what
// could not be checked is counted and logged once, what could not be charged is charged later; limiting resumes by
// itself.
import { afterEach, describe, expect, it } from "vitest";
import { startRedisServer, type RedisServer } from "../../tools/redis-server.ts";
import { chat, eventually, startStack, untilCounter, type Stack } from "../support/stack.ts";

const KEY = "higress-token-ratelimit:r:global_threshold:60";
const config = {
  rule_name: "r",
  global_threshold: { token_per_minute: 100 },
  redis: { service_name: "redis.static", timeout: 500 },
};

let stack: Stack | undefined;
let restarted: RedisServer | undefined;
afterEach(async () => {
  await stack?.close();
  await restarted?.stop();
});

const metric = async (name: string): Promise<number> => {
  const text = await stack!.gateway.metrics();
  return Number(new RegExp(`^\\S*${name}\\S* (\\d+)$`, "m").exec(text)?.[1] ?? 0);
};

describe("without Redis", () => {
  it("requests pass, and limiting resumes when it is back", async () => {
    stack = await startStack({ config });
    const { gateway, server, redis } = stack;
    expect((await chat(gateway.url, 101)).status).toBe(200);
    await untilCounter(redis, KEY, 101);
    expect((await chat(gateway.url, 5)).status).toBe(429);

    await server.stop();
    for (let i = 0; i < 20; ++i) expect((await chat(gateway.url, 5)).status).toBe(200);
    expect(await metric("unchecked_requests")).toBe(20);
    // Each kind of failure is logged once in ten seconds, not once per request.
    const lines = stack.guestLines.filter((line) => line.includes("requests pass unlimited"));
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThanOrEqual(2);
    expect(lines[0]).toContain("outbound|80||redis.static");

    // What was consumed meanwhile is charged when Redis is back, without a further request.
    restarted = await startRedisServer({ port: server.port });
    await untilCounter(redis, KEY, 100);
    expect(await metric("lost_tokens")).toBe(0);
    expect((await chat(gateway.url, 5)).status).toBe(200);
    await untilCounter(redis, KEY, 105);
    expect((await chat(gateway.url, 5)).status).toBe(429);
  });

  it("a wrong password lets requests pass and is reported as such; the right one limits", async () => {
    restarted = await startRedisServer({ password: "right" });
    for (const [password, status] of [
      ["wrong", 200],
      ["right", 429],
    ] as const) {
      stack = await startStack({
        config: { ...config, redis: { ...config.redis, password } },
        redis: `${restarted.host}:${restarted.port}`,
      });
      await chat(stack.gateway.url, 200);
      await eventually(async () =>
        (await chat(stack!.gateway.url, 5)).status === status ? true : undefined,
      );
      expect(stack.guestLines.some((line) => line.includes("redis.password"))).toBe(status === 200);
      expect(stack.guestLines.join("\n")).not.toContain(password);
      await stack.close();
    }
    stack = undefined;
  });
});
