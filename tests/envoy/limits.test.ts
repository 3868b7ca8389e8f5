// Scenario: stock Envoy with deploy/envoy/envoy.yaml limits callers by whatever the configuration names, and answers who
// is over the limit as it documents. Whatever a limit is for, its first call is served and its second rejected.
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { isAvailable, type Envoy } from "../../tools/envoy/processes.ts";
import { chat, eventually, untilCounter } from "../../tools/calls.ts";
import { REDIS, startBackends, type Backends } from "../../tools/envoy/backends.ts";

const limit = (type: string, name: string, key: string): object => ({
  [type]: name,
  limit_keys: [{ key, token_per_hour: 50 }],
});
const CONFIGURATION = {
  rule_name: "r",
  rule_items: [
    limit("limit_by_header", "x-team", "blue"),
    limit("limit_by_param", "team", "blue"),
    limit("limit_by_cookie", "team", "blue"),
    limit("limit_by_consumer", "", "ann"),
    limit("limit_by_per_header", "x-api-key", "*"),
    limit("limit_by_per_ip", "from-remote-addr", "127.0.0.0/8"),
  ],
  usage_path: "/v1/usage",
  redis: REDIS,
};
const PREFIX = "higress-token-ratelimit:r:";
const PATH = "/v1/chat/completions";

describe.skipIf(!isAvailable)("stock Envoy", () => {
  let backends: Backends;
  let envoy: Envoy;
  beforeAll(async () => {
    backends = await startBackends();
    envoy = await backends.envoy({ configuration: CONFIGURATION, concurrency: 2 });
  });
  afterAll(() => backends.close());
  beforeEach(() => backends.redis.flushall());

  it.each([
    ["header", { headers: { "x-team": "blue" } }, "limit_by_header:3600:x-team:blue"],
    ["parameter", { path: `${PATH}?team=blue` }, "limit_by_param:3600:team:blue"],
    ["cookie", { headers: { cookie: "a=b; team=blue" } }, "limit_by_cookie:3600:team:blue"],
    ["consumer", { headers: { "x-mse-consumer": "ann" } }, "limit_by_consumer:3600:x-mse-consumer:ann"],
    [
      "any value of a header",
      { headers: { "x-api-key": "a.b/c?d+e%2F f" } },
      "limit_by_per_header:3600:x-api-key:a.b/c?d+e%2F f",
    ],
    [
      "peer address, whatever x-forwarded-for claims",
      { headers: { "x-forwarded-for": "8.8.8.8" } },
      "limit_by_per_ip:3600:from-remote-addr:127.0.0.1",
    ],
  ])("limits by %s", async (_, request, key) => {
    expect((await chat(envoy.url, 51, request)).status).toBe(200);
    await untilCounter(backends.redis, PREFIX + key, 51);
    expect(await backends.redis.ttl(PREFIX + key)).toBeGreaterThan(3590);
    expect((await chat(envoy.url, 51, request)).status).toBe(429);
  });

  it("tells callers what they have used, and the upstream nothing of it", async () => {
    const key = `${PREFIX}limit_by_per_header:3600:x-api-key:asker`;
    const ask = (method: string) =>
      fetch(`${envoy.url}/v1/usage?a=b`, { method, headers: { "x-api-key": "asker" } });
    expect(await (await ask("GET")).json()).toMatchObject({ windows: [{ used: 0, reset_seconds: 0 }] });
    await backends.redis.set(key, 51, "EX", 100);
    const response = await ask("GET");
    expect(response.headers.get("cache-control")).toBe("no-store");
    const window = { rule: "rule_items[4].limit_keys[0]", limit_by: "limit_by_per_header", limit: 50 };
    expect(await response.json()).toMatchObject({
      rule_name: "r",
      windows: [{ ...window, used: 51, held: 0, remaining: 0, window_seconds: 3600 }],
    });
    for (const method of ["HEAD", "POST", "OPTIONS"]) {
      const refused = await ask(method);
      expect([refused.status, refused.headers.get("allow")]).toEqual([405, "GET"]);
      await refused.arrayBuffer();
    }
    expect(await backends.redis.get(key)).toBe("51");
  });

  it("charges a stream when it has ended", async () => {
    const headers = { "x-api-key": "streamer" };
    const response = await chat(envoy.url, 51, { headers, stream: true });
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    expect(await response.text()).toContain("[DONE]");
    await untilCounter(backends.redis, `${PREFIX}limit_by_per_header:3600:x-api-key:streamer`, 51);
    expect((await chat(envoy.url, 51, { headers, stream: true })).status).toBe(429);
  });

  it("says why and for how long it rejects, to the caller, in the access log and in its statistics", async () => {
    const headers = { "x-api-key": "over" };
    const before = await envoy.stat(
      "route.llm.upstream.llm.model.none.consumer.none.metric.token_ratelimit_count",
    );
    await backends.redis.set(`${PREFIX}limit_by_per_header:3600:x-api-key:over`, 51, "EX", 100);
    const response = await chat(envoy.url, 51, { headers });
    expect([response.status, await response.text()]).toEqual([429, "Too many requests"]);
    for (const name of ["retry-after", "x-tokenratelimit-reset"]) {
      expect(Number(response.headers.get(name))).toBeGreaterThan(97);
    }
    const line = await eventually(() => envoy.lines.findLast((text) => text.startsWith(`POST ${PATH} 429`)));
    expect(line).toContain(" ai-token-ratelimit.rejected ");
    await eventually(async () => {
      const rejections = await envoy.stat(
        "route.llm.upstream.llm.model.none.consumer.none.metric.token_ratelimit_count",
      );
      return rejections === before + 1 ? true : undefined;
    });
  });

  it("counts what it charged in Envoy's statistics", async () => {
    const before = await envoy.stat("ai_token_ratelimit.charged_tokens");
    await (await chat(envoy.url, 42, { headers: { "x-api-key": "counted" } })).text();
    await eventually(async () =>
      (await envoy.stat("ai_token_ratelimit.charged_tokens")) === before + 42 ? true : undefined,
    );
    expect(await envoy.stat("ai_token_ratelimit.lost_tokens")).toBe(0);
  });

  it("serves OpenAI's client until it raises a RateLimitError", async () => {
    const openai = new OpenAI({
      apiKey: "unused",
      baseURL: `${envoy.url}/v1`,
      maxRetries: 0,
      defaultHeaders: { "x-api-key": "openai" },
    });
    const question = { model: "fake-model", messages: [{ role: "user" as const, content: "Hello" }] };
    const completion = await openai.chat.completions.create({ ...question, max_tokens: 50 });
    expect(completion.usage?.total_tokens).toBe(51);
    await untilCounter(backends.redis, `${PREFIX}limit_by_per_header:3600:x-api-key:openai`, 51);
    await expect(openai.chat.completions.create(question)).rejects.toThrow(OpenAI.RateLimitError);
  });

  it("serves Anthropic's client, streams too, until it raises a RateLimitError", async () => {
    const anthropic = new Anthropic({
      apiKey: "unused",
      authToken: null,
      baseURL: envoy.url,
      maxRetries: 0,
      defaultHeaders: { "x-api-key": "anthropic" },
    });
    const question = { model: "fake-model", messages: [{ role: "user" as const, content: "Hello" }] };
    const message = await anthropic.messages.stream({ ...question, max_tokens: 50 }).finalMessage();
    const tokens = message.usage.input_tokens + message.usage.output_tokens;
    expect(tokens).toBeGreaterThan(50);
    await untilCounter(backends.redis, `${PREFIX}limit_by_per_header:3600:x-api-key:anthropic`, tokens);
    await expect(anthropic.messages.create({ ...question, max_tokens: 50 })).rejects.toThrow(
      Anthropic.RateLimitError,
    );
  });

  it("shares a limit with another Envoy", async () => {
    const other = await backends.envoy({ configuration: CONFIGURATION });
    const headers = { "x-api-key": "both" };
    const key = `${PREFIX}limit_by_per_header:3600:x-api-key:both`;
    expect((await chat(envoy.url, 30, { headers })).status).toBe(200);
    await untilCounter(backends.redis, key, 30);
    expect((await chat(other.url, 30, { headers })).status).toBe(200);
    await untilCounter(backends.redis, key, 60);
    expect((await chat(envoy.url, 30, { headers })).status).toBe(429);
    expect((await chat(other.url, 30, { headers })).status).toBe(429);
  });

  it("charges exactly what many calls at once consumed, on both of its workers", async () => {
    const calls = Array.from({ length: 60 }, (_, i) => {
      const headers = { "x-api-key": `many-${i % 3}` };
      return chat(envoy.url, 2 + (i % 2), { headers, stream: i % 4 === 0 }).then((r) => r.text());
    });
    await Promise.all(calls);
    for (const name of [0, 1, 2]) {
      await untilCounter(backends.redis, `${PREFIX}limit_by_per_header:3600:x-api-key:many-${name}`, 50);
    }
  });
});

describe.skipIf(!isAvailable)("rules of _rules_ in stock Envoy", () => {
  it.each([
    ["_match_route_", "llm"],
    ["_match_domain_", "127.0.0.1"],
    ["_match_route_prefix_", "ll"],
  ])("apply by %s", async (selector, name) => {
    const rule = (match: string, ruleName: string): object => ({
      [selector]: [match],
      rule_name: ruleName,
      global_threshold: { token_per_hour: 50 },
      redis: REDIS,
    });
    const backends = await startBackends();
    try {
      const envoy = await backends.envoy({
        configuration: { _rules_: [rule("other", "a"), rule(name, "b")] },
      });
      expect((await chat(envoy.url, 51)).status).toBe(200);
      await untilCounter(backends.redis, "higress-token-ratelimit:b:global_threshold:3600", 51);
      expect((await chat(envoy.url, 51)).status).toBe(429);
    } finally {
      await backends.close();
    }
  });
});

describe.skipIf(!isAvailable)("deploy/envoy/envoy.yaml", () => {
  it("limits as it stands", async () => {
    const backends = await startBackends();
    try {
      const envoy = await backends.envoy();
      const key = "higress-token-ratelimit:chat:limit_by_per_api_key:60:api_key:alice";
      const headers = { "x-api-key": "alice" };
      expect((await chat(envoy.url, 2001, { headers })).status).toBe(200);
      await untilCounter(backends.redis, key, 2001);
      expect((await chat(envoy.url, 2, { headers })).status).toBe(429);
      expect((await chat(envoy.url, 2, { headers: { "x-api-key": "bob" } })).status).toBe(200);
    } finally {
      await backends.close();
    }
  });
});
