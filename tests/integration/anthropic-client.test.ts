// Scenario: an application with the official Anthropic client talks through the gateway until its key is over its limit;
// it gets a RateLimitError, waits as Retry-After tells it, and is served again. Nothing of it knows of the filter. What it
// is charged are all of its tokens, those from and to the cache too, though `input_tokens` is without them.
import Anthropic, { type ClientOptions } from "@anthropic-ai/sdk";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startStack, untilCounter, type Stack } from "../support/stack.ts";

const KEY = "higress-token-ratelimit:default_rule:limit_by_per_header:60:authorization:Bearer alice";
const DAILY = "higress-token-ratelimit:default_rule:limit_by_header:86400:x-tier:free";
let stack: Stack;

beforeAll(async () => {
  stack = await startStack({
    config: {
      rule_name: "default_rule",
      // Version 1 of the client sends its key here, as OpenAI's does; earlier ones sent it in x-api-key.
      rule_items: [
        { limit_by_header: "x-tier", limit_keys: [{ key: "free", token_per_day: 1_000 }] },
        { limit_by_per_header: "authorization", limit_keys: [{ key: "*", token_per_minute: 100 }] },
      ],
      rejected_msg: JSON.stringify({
        type: "error",
        error: { type: "rate_limit_error", message: "Too many tokens" },
      }),
      redis: { service_name: "redis.static" },
    },
  });
});
afterAll(() => stack.close());
beforeEach(() => stack.redis.flushall());

const client = (maxRetries = 0, options: ClientOptions = {}): Anthropic =>
  new Anthropic({ apiKey: "alice", authToken: null, baseURL: stack.gateway.url, maxRetries, ...options });
/** Four tokens of input, and so many of output. */
const question = (max_tokens: number): Anthropic.MessageCreateParamsNonStreaming => ({
  model: "fake-model",
  max_tokens,
  system: "Be brief.",
  messages: [{ role: "user", content: "Hello there" }],
});
/** Of the input, one token was in the cache, and two are now. */
const caching = { headers: { "x-fake-cache-read": "1", "x-fake-cache-write": "2" } };

describe("the Anthropic client", () => {
  it("is served until the counter is above the limit, then gets a RateLimitError", async () => {
    const anthropic = client();
    for (const expected of [54, 108]) {
      const message = await anthropic.messages.create(question(50));
      expect(message.usage).toMatchObject({ input_tokens: 4, output_tokens: 50 });
      await untilCounter(stack.redis, KEY, expected);
    }
    const error = await anthropic.messages.create(question(50)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Anthropic.RateLimitError);
    expect(error).toMatchObject({ status: 429, error: { error: { type: "rate_limit_error" } } });
    const { headers } = error as InstanceType<typeof Anthropic.RateLimitError>;
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(55);
    expect(await stack.redis.get(KEY)).toBe("108");
  });

  it("streams as it comes, and is charged for the stream", async () => {
    const stream = client().messages.stream(question(120));
    let text = "";
    stream.on("text", (piece) => (text += piece));
    const { usage } = await stream.finalMessage();
    expect(text.split(" ")).toHaveLength(120);
    expect(usage).toMatchObject({ input_tokens: 4, output_tokens: 120 });
    await untilCounter(stack.redis, KEY, 124);
    await expect(client().messages.stream(question(5)).finalMessage()).rejects.toThrow(
      Anthropic.RateLimitError,
    );
  });

  it("is charged what it read from the cache and wrote to it", async () => {
    const cached = { input_tokens: 1, cache_read_input_tokens: 1, cache_creation_input_tokens: 2 };
    const message = await client().messages.create(question(10), caching);
    expect(message.usage).toMatchObject(cached);
    await untilCounter(stack.redis, KEY, 14);
    const streamed = await client().messages.stream(question(10), caching).finalMessage();
    expect(streamed.usage).toMatchObject(cached);
    await untilCounter(stack.redis, KEY, 28);
  });

  it("honours Retry-After by itself and is served in the next window", async () => {
    await stack.redis.set(KEY, 101, "PX", 300);
    const began = performance.now();
    const message = await client(1).messages.create(question(5));
    expect(message.usage.output_tokens).toBe(5);
    // Of itself, the client would try again after 500 ms at most.
    expect(performance.now() - began).toBeGreaterThan(990);
    await untilCounter(stack.redis, KEY, 9);
    expect(await stack.redis.ttl(KEY)).toBeGreaterThan(55);
  });

  it("raises at once, with all its retries left, when it would have to wait for more than a minute", async () => {
    await stack.redis.set(DAILY, 1_001, "EX", 5_000);
    let requests = 0;
    const anthropic = client(2, {
      defaultHeaders: { "x-tier": "free" },
      fetch: (...request) => {
        ++requests;
        return fetch(...request);
      },
    });
    const began = performance.now();
    const error = await anthropic.messages.create(question(5)).catch((reason: unknown) => reason);
    expect(performance.now() - began).toBeLessThan(400);
    expect(requests).toBe(1);
    expect(error).toBeInstanceOf(Anthropic.RateLimitError);
    expect(
      Number((error as InstanceType<typeof Anthropic.RateLimitError>).headers.get("retry-after")),
    ).toBeGreaterThan(60);
  });
});
