// Scenario: callers look up what they have used, as README, "Usage for callers", shows it: its configuration, its request and
// its answer. Each sees its own counters only, also above its limit; Redis may be away; the upstream hears nothing of it.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { chat, startStack, untilCounter, type Stack } from "../support/stack.ts";

const readme = readFileSync(resolve(import.meta.dirname, "../../README.md"), "utf8");
const config = parse(/```yaml\n(rule_name:[\s\S]*?)```/.exec(readme)![1]!) as object;
const [, usage_path] = /`usage_path: (\S+)`/.exec(readme)!;
const answer = JSON.parse(/### Usage for callers[\s\S]*?```json\n([\s\S]*?)```/.exec(readme)![1]!) as Answer;
const ALICE = { authorization: "Bearer sk-alice" };
const KEY = "higress-token-ratelimit:chat:limit_by_per_api_key:60:api_key:sk-alice";

interface Answer {
  rule_name: string;
  windows: { used: number; remaining: number; reset_seconds: number }[];
}

describe("usage for callers", () => {
  let stack: Stack;
  beforeEach(async () => {
    stack = await startStack({ config: { ...config, usage_path } });
  });
  afterEach(() => stack.close());

  const ask = (headers: Record<string, string>, method = "GET", path = usage_path) =>
    fetch(stack.gateway.url + path, { method, headers });
  const read = async (headers: Record<string, string>): Promise<Answer> => {
    const response = await ask(headers);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("cache-control")).toBe("no-store");
    return (await response.json()) as Answer;
  };

  it("is what README shows, for the caller alone", async () => {
    const [expected] = answer.windows;
    const unused = { ...expected, used: 0, remaining: 2000, reset_seconds: 0 };
    expect(await read(ALICE)).toEqual({ ...answer, windows: [unused] });
    expect((await chat(stack.gateway.url, expected!.used, { headers: ALICE })).status).toBe(200);
    await untilCounter(stack.redis, KEY, expected!.used);

    const own = await read(ALICE);
    const reset = own.windows[0]!.reset_seconds;
    expect(reset).toBeGreaterThan(0);
    expect(reset).toBeLessThanOrEqual(60);
    expect(own).toEqual({ ...answer, windows: [{ ...expected, reset_seconds: reset }] });
    expect(await read({ authorization: "Bearer sk-bob" })).toEqual({ ...answer, windows: [unused] });
    expect(await read({})).toEqual({ ...answer, windows: [] });
    // Nothing was charged for it.
    expect(await stack.redis.get(KEY)).toBe(String(expected!.used));
    expect(await stack.redis.keys("higress-token-ratelimit:chat:*")).toEqual([KEY]);
  });

  it("is still told above the limit, where calls are rejected", async () => {
    await stack.redis.set(KEY, 2001, "EX", 60);
    expect((await chat(stack.gateway.url, 5, { headers: ALICE })).status).toBe(429);
    expect((await read(ALICE)).windows).toMatchObject([{ used: 2001, remaining: 0 }]);
  });

  it("is read with GET, and nothing else on its path reaches the upstream", async () => {
    for (const method of ["POST", "HEAD", "DELETE"]) {
      const response = await ask(ALICE, method);
      expect([method, response.status, response.headers.get("allow")]).toEqual([method, 405, "GET"]);
    }
    expect((await ask(ALICE, "GET", `${usage_path}/?a=b`)).status).toBe(200);
    expect(await (await ask(ALICE, "GET", `${usage_path}s`)).text()).toContain("no such route");
  });

  it("belongs to the consumer that authentication has found, and needs no quota", async () => {
    await stack.close();
    const consumers = ["alice", "bob"].map((name) => ({ name, credential: `key-${name}` }));
    const redis = { service_name: "redis.static" };
    const plugin = (name: string, spec: object): object => ({
      apiVersion: "extensions.higress.io/v1alpha1",
      kind: "WasmPlugin",
      metadata: { name },
      spec,
    });
    const auth = { keys: ["x-api-key"], consumers, global_auth: true };
    stack = await startStack({
      config: {
        rule_name: "r",
        rule_items: [{ limit_by_per_consumer: "", limit_keys: [{ key: "*", token_per_day: 10 }] }],
        usage_path,
        redis,
      },
      plugins: [
        plugin("key-auth", { phase: "AUTHN", priority: 310, defaultConfig: auth }),
        plugin("ai-quota", { priority: 750, defaultConfig: { admin_consumer: "admin", redis } }),
      ],
    });
    await stack.redis.set(
      "higress-token-ratelimit:r:limit_by_per_consumer:86400:x-mse-consumer:bob",
      7,
      "EX",
      9,
    );
    expect((await ask({ "x-api-key": "key-eve" })).status).toBe(401);
    const claims = { "x-mse-consumer": "bob" };
    expect((await chat(stack.gateway.url, 5, { headers: { "x-api-key": "key-bob" } })).status).toBe(403);
    expect((await read({ "x-api-key": "key-bob" })).windows).toMatchObject([{ used: 7 }]);
    expect((await read({ "x-api-key": "key-alice", ...claims })).windows).toMatchObject([{ used: 0 }]);
  });

  it("is unknown while Redis is away", async () => {
    await stack.server.stop();
    const response = await ask(ALICE);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { type: "usage_unavailable" } });
    expect(await stack.gateway.metrics()).not.toContain("unchecked_requests");
  });
});
