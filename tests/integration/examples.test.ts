// Scenario: every configuration example of the published reference, the published tutorial and the README is put into
// the gateway as it stands. Requests are made that each of its limits applies to: the Redis keys, values and expiries
// must be those of the published plugin, and so must the answer above the limit.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { chat, startStack, untilCounter, type Stack } from "../support/stack.ts";

const root = resolve(import.meta.dirname, "../..");
const published = (name: string): string =>
  readFileSync(resolve(root, `tests/fixtures/config/published/${name}.yaml`), "utf8");
const readme = readFileSync(resolve(root, "README.md"), "utf8");

interface Call {
  path?: string;
  headers?: Record<string, string>;
  /** The counter that the call is charged to, without the common prefix; null when no rule applies. */
  key: string | null;
  limit?: number;
}

const param = (value: string): Pick<Call, "path"> => ({ path: `/v1/chat/completions?apikey=${value}` });
const header = (value: string): Pick<Call, "headers"> => ({ headers: { "x-ca-key": value } });
const forwarded = (value: string): Pick<Call, "headers"> => ({ headers: { "x-forwarded-for": value } });
const consumer = (value: string): Pick<Call, "headers"> => ({ headers: { "x-mse-consumer": value } });
const cookie = (value: string): Pick<Call, "headers"> => ({ headers: { cookie: `a=b; key1=${value}` } });

const EXAMPLES: Record<string, { config: string; calls: Call[]; rejection?: [number, string] }> = {
  "a global threshold": {
    config: published("global-threshold"),
    calls: [{ key: "routeA-global-limit-rule:global_threshold:60", limit: 1000 }],
  },
  "by URL parameter": {
    config: published("by-param"),
    calls: [
      {
        ...param("9a342114-ba8a-11ec-b1bf-00163e1250b5"),
        key: "default_rule:limit_by_param:60:apikey:9a342114-ba8a-11ec-b1bf-00163e1250b5",
        limit: 10,
      },
      {
        ...param("a6a6d7f2-ba8a-11ec-bec2-00163e1250b5"),
        key: "default_rule:limit_by_param:3600:apikey:a6a6d7f2-ba8a-11ec-bec2-00163e1250b5",
        limit: 100,
      },
      { ...param("abc"), key: "default_rule:limit_by_per_param:1:apikey:abc", limit: 10 },
      { ...param("bcd"), key: "default_rule:limit_by_per_param:60:apikey:bcd", limit: 100 },
      { ...param("xyz"), key: "default_rule:limit_by_per_param:3600:apikey:xyz", limit: 1000 },
      { key: null },
    ],
  },
  "by header": {
    config: published("by-header"),
    calls: [
      { ...header("102234"), key: "default_rule:limit_by_header:60:x-ca-key:102234", limit: 10 },
      { ...header("308239"), key: "default_rule:limit_by_header:3600:x-ca-key:308239", limit: 10 },
      { ...header("abc"), key: "default_rule:limit_by_per_header:1:x-ca-key:abc", limit: 10 },
      { ...header("bcd"), key: "default_rule:limit_by_per_header:60:x-ca-key:bcd", limit: 100 },
      { ...header("xyz"), key: "default_rule:limit_by_per_header:3600:x-ca-key:xyz", limit: 1000 },
      { key: null },
    ],
  },
  "by client IP": {
    config: published("by-ip"),
    calls: [
      {
        ...forwarded("1.1.1.1, 10.0.0.1"),
        key: "default_rule:limit_by_per_ip:86400:from-header-x-forwarded-for:1.1.1.1",
        limit: 10,
      },
      {
        ...forwarded("1.1.1.2"),
        key: "default_rule:limit_by_per_ip:86400:from-header-x-forwarded-for:1.1.1.2",
        limit: 100,
      },
      {
        ...forwarded("9.9.9.9"),
        key: "default_rule:limit_by_per_ip:86400:from-header-x-forwarded-for:9.9.9.9",
        limit: 1000,
      },
      { ...forwarded("not an address"), key: null },
    ],
  },
  "by consumer": {
    config: published("by-consumer"),
    calls: [
      {
        ...consumer("consumer1"),
        key: "default_rule:limit_by_consumer:1:x-mse-consumer:consumer1",
        limit: 10,
      },
      {
        ...consumer("consumer2"),
        key: "default_rule:limit_by_consumer:3600:x-mse-consumer:consumer2",
        limit: 100,
      },
      { ...consumer("abc"), key: "default_rule:limit_by_per_consumer:1:x-mse-consumer:abc", limit: 10 },
      { ...consumer("bcd"), key: "default_rule:limit_by_per_consumer:60:x-mse-consumer:bcd", limit: 100 },
      { ...consumer("xyz"), key: "default_rule:limit_by_per_consumer:3600:x-mse-consumer:xyz", limit: 1000 },
      { key: null },
    ],
  },
  "by cookie": {
    config: published("by-cookie"),
    rejection: [200, '{"code":-1,"msg":"Too many requests"}'],
    calls: [
      { ...cookie("value1"), key: "default_rule:limit_by_cookie:60:key1:value1", limit: 10 },
      { ...cookie("value2"), key: "default_rule:limit_by_cookie:3600:key1:value2", limit: 100 },
      { ...cookie("abc"), key: "default_rule:limit_by_per_cookie:1:key1:abc", limit: 10 },
      { ...cookie("bcd"), key: "default_rule:limit_by_per_cookie:60:key1:bcd", limit: 100 },
      { ...cookie("xyz"), key: "default_rule:limit_by_per_cookie:3600:key1:xyz", limit: 1000 },
      { key: null },
    ],
  },
  "the manifest of the reference's example": {
    config: published("manifest-default"),
    calls: [
      {
        ...param("123456"),
        key: "default_limit_by_param_apikey:limit_by_param:60:apikey:123456",
        limit: 200,
      },
      { ...param("1234567"), key: null },
    ],
  },
  "the tutorial": {
    config: published("tutorial"),
    calls: [
      {
        headers: { "x-api-key": "alice" },
        key: "default_rule:limit_by_per_header:60:x-api-key:alice",
        limit: 5,
      },
      { key: null },
    ],
  },
  "the README": {
    config: /```yaml\n(rule_name:[\s\S]*?)```/.exec(readme)?.[1] ?? "",
    calls: [
      // As the clients of OpenAI, Anthropic, Azure and Gemini send their keys.
      ...["authorization", "x-api-key", "api-key", "x-goog-api-key"].map((name) => ({
        headers: { [name]: name === "authorization" ? "Bearer alice" : "alice" },
        key: "chat:limit_by_per_api_key:60:api_key:alice",
        limit: 2000,
      })),
      {
        path: "/v1/chat/completions?key=alice",
        key: "chat:limit_by_per_api_key:60:api_key:alice",
        limit: 2000,
      },
    ],
  },
};

let stack: Stack | undefined;
afterEach(() => stack?.close());

describe("the examples of the documentation", () => {
  it.each(Object.entries(EXAMPLES))(
    "%s",
    async (_name, { config, calls, rejection = [429, "Too many requests"] }) => {
      stack = await startStack({ config });
      const { redis, gateway } = stack;
      for (const { key, limit, ...call } of calls) {
        await redis.flushall();
        expect((await chat(gateway.url, 7, call)).status).toBe(200);
        if (key === null) {
          expect(await redis.keys("*")).toEqual([]);
          continue;
        }
        const counter = `higress-token-ratelimit:${key}`;
        const window = Number(/:(1|60|3600|86400)(:|$)/.exec(key)![1]);
        await untilCounter(redis, counter, 7);
        // Beside the counter, for a minute, the mark that this call was charged.
        expect((await redis.keys("*")).filter((name) => !name.includes(":charge:"))).toEqual([counter]);
        expect(await redis.pttl(counter)).toBeGreaterThan((window - 1) * 1000);
        expect(await redis.pttl(counter)).toBeLessThanOrEqual(window * 1000);

        // At the limit a request is served, above it is not, and nothing is charged for it.
        await redis.set(counter, limit!, "EX", 40);
        const served = await chat(gateway.url, 7, call);
        expect(served.headers.get("x-tokenratelimit-reset")).toBeNull();
        expect(await served.json()).toHaveProperty("usage.total_tokens", 7);
        await untilCounter(redis, counter, limit! + 7);
        const [status, body] = rejection;
        const rejected = await chat(gateway.url, 7, call);
        expect(rejected.status).toBe(status);
        expect(await rejected.text()).toBe(body);
        expect(rejected.headers.get("x-tokenratelimit-reset")).toMatch(/^(39|40)$/);
        expect(rejected.headers.get("retry-after")).toBe("40");
        expect(await redis.get(counter)).toBe(String(limit! + 7));
      }
      // Nothing is said but the warning that a request has found no limit. Here nobody authenticates consumers, which is warned of too.
      const isUnmatched = calls.some(({ key }) => key === null);
      const lines = stack.guestLines.filter((line) => !line.includes("unless something in front sets"));
      expect(lines).toEqual(isUnmatched ? [expect.stringMatching(/a request lacks|no key matches/)] : []);
    },
  );
});
