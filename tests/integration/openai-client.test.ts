// Scenario: an application with the official OpenAI client talks through the gateway until its key is over its limit;
// it gets a RateLimitError, waits as Retry-After tells it, and is served again. Nothing of it knows of the filter.
import OpenAI, { type ClientOptions } from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startStack, untilCounter, type Stack } from "../support/stack.ts";

const KEY = "higress-token-ratelimit:default_rule:limit_by_per_header:60:authorization:Bearer alice";
const DAILY = "higress-token-ratelimit:default_rule:limit_by_header:86400:x-tier:free";
let stack: Stack;

beforeAll(async () => {
  stack = await startStack({
    config: {
      rule_name: "default_rule",
      rule_items: [
        { limit_by_header: "x-tier", limit_keys: [{ key: "free", token_per_day: 1_000 }] },
        { limit_by_per_header: "authorization", limit_keys: [{ key: "*", token_per_minute: 100 }] },
      ],
      rejected_msg: JSON.stringify({
        error: { message: "Too many tokens", type: "tokens", param: null, code: "rate_limit_exceeded" },
      }),
      redis: { service_name: "redis.static" },
    },
  });
});
afterAll(() => stack.close());
beforeEach(() => stack.redis.flushall());

const client = (maxRetries = 0, options: ClientOptions = {}): OpenAI =>
  new OpenAI({ apiKey: "alice", baseURL: `${stack.gateway.url}/v1`, maxRetries, ...options });
const question = { model: "fake-model", messages: [{ role: "user" as const, content: "Hello" }] };

describe("the openai client", () => {
  it("is served until the counter is above the limit, then gets a RateLimitError", async () => {
    const openai = client();
    for (const expected of [51, 102]) {
      const completion = await openai.chat.completions.create({ ...question, max_tokens: 50 });
      expect(completion.usage?.total_tokens).toBe(51);
      await untilCounter(stack.redis, KEY, expected);
    }
    const error = await openai.chat.completions.create(question).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(error).toMatchObject({ status: 429 });
    const { headers } = error as InstanceType<typeof OpenAI.RateLimitError>;
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(55);
    expect(Number(headers.get("x-tokenratelimit-reset"))).toBeGreaterThan(55);
    expect(await stack.redis.get(KEY)).toBe("102");
  });

  it("streams as it comes, and is charged for the stream", async () => {
    const stream = await client().chat.completions.create({
      ...question,
      max_tokens: 120,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    let usage = 0;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      usage = chunk.usage?.total_tokens ?? usage;
    }
    expect(text.split(" ")).toHaveLength(120);
    expect(usage).toBe(121);
    await untilCounter(stack.redis, KEY, 121);
    await expect(client().chat.completions.create({ ...question, stream: true })).rejects.toThrow(
      OpenAI.RateLimitError,
    );
  });

  it("honours Retry-After by itself and is served in the next window", async () => {
    await stack.redis.set(KEY, 101, "PX", 300);
    const began = performance.now();
    const completion = await client(1).chat.completions.create({ ...question, max_tokens: 5 });
    expect(completion.usage?.total_tokens).toBe(6);
    expect(performance.now() - began).toBeGreaterThan(290);
    await untilCounter(stack.redis, KEY, 6);
    expect(await stack.redis.ttl(KEY)).toBeGreaterThan(55);
  });

  it("raises at once, with all its retries left, when it would have to wait for more than a minute", async () => {
    await stack.redis.set(DAILY, 1_001, "EX", 5_000);
    let requests = 0;
    const openai = client(2, {
      defaultHeaders: { "x-tier": "free" },
      fetch: (...request) => {
        ++requests;
        return fetch(...request);
      },
    });
    const began = performance.now();
    const error = await openai.chat.completions.create(question).catch((reason: unknown) => reason);
    expect(performance.now() - began).toBeLessThan(400);
    expect(requests).toBe(1);
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(
      Number((error as InstanceType<typeof OpenAI.RateLimitError>).headers.get("retry-after")),
    ).toBeGreaterThan(60);
  });
});
