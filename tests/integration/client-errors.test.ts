// Scenario: applications with the official clients of OpenAI and Anthropic talk through a gateway with `rejected_format: auto`. Each
// raises its own rate limit error, with the configured message; given one retry, it waits as told and is served; and it gives up at
// once if the wait is a day, or no waiting helps.
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { eventually, startStack, type Stack } from "../support/stack.ts";

const RULE = "rule_items[1].limit_keys[0]";
const DAY = "higress-token-ratelimit:r:limit_by_header:86400:x-tier:free";
let stack: Stack;
let requests = 0;

beforeAll(async () => {
  stack = await startStack({
    config: {
      rule_name: "r",
      rule_items: [
        { limit_by_header: "x-tier", limit_keys: [{ key: "free", token_per_day: 1_000 }] },
        { limit_by_per_api_key: "", limit_keys: [{ key: "*", token_per_minute: 100 }] },
      ],
      rejected_format: "auto",
      rejected_msg: "{used} of {limit} {unit} are used",
      limit_headers: "auto",
      reservation: { mode: "estimate" },
      redis: { service_name: "redis.static" },
    },
  });
});
afterAll(() => stack.close());
beforeEach(async () => {
  requests = 0;
  await stack.redis.flushall();
});

const counted: typeof fetch = (...request) => {
  ++requests;
  return fetch(...request);
};
const messages = [{ role: "user" as const, content: "Hello" }];

interface Client {
  name: string;
  /** The error that it raises above a limit. */
  error: new (...of: never[]) => Error;
  ask(maxRetries: number, tokens?: number, headers?: Record<string, string>): Promise<unknown>;
  /** The headers that tell what is left. */
  told: Record<string, unknown>;
}
const CLIENTS: Client[] = [
  {
    name: "openai",
    error: OpenAI.RateLimitError,
    ask: (maxRetries, max_tokens = 5, defaultHeaders = {}) =>
      new OpenAI({
        apiKey: "alice",
        baseURL: `${stack.gateway.url}/v1`,
        maxRetries,
        defaultHeaders,
        fetch: counted,
      }).chat.completions.create({ model: "fake-model", messages, max_tokens }),
    told: { "x-ratelimit-limit-tokens": "100", "x-ratelimit-remaining-tokens": "0" },
  },
  {
    name: "anthropic",
    error: Anthropic.RateLimitError,
    ask: (maxRetries, max_tokens = 5, defaultHeaders = {}) =>
      new Anthropic({
        apiKey: "alice",
        baseURL: stack.gateway.url,
        maxRetries,
        defaultHeaders,
        fetch: counted,
      }).messages.create({ model: "fake-model", messages, max_tokens }),
    told: { "anthropic-ratelimit-tokens-limit": "100", "anthropic-ratelimit-tokens-remaining": "0" },
  },
];
const caught = (call: Promise<unknown>): Promise<{ message: string; headers: Headers }> =>
  call.then(
    () => Promise.reject(new Error("it was served")),
    (reason: unknown) => reason as { message: string; headers: Headers },
  );

describe.each(CLIENTS)("the client of $name", ({ error, ask, told }) => {
  /** The counter of its caller, whose name has a part that differs by API. */
  async function spend(tokens: number, milliseconds: number): Promise<void> {
    await ask(0);
    const key = await eventually(async () => (await stack.redis.keys("higress-token-ratelimit:r:*:60:*"))[0]);
    await stack.redis.set(key, tokens, "PX", milliseconds);
    requests = 0;
  }

  it("raises its rate limit error, with our message and our rule", async () => {
    await spend(101, 30_000);
    const raised = await caught(ask(0));
    expect(raised).toBeInstanceOf(error);
    expect(raised.message).toContain("101 of 100 tokens are used");
    expect(Object.fromEntries(raised.headers)).toMatchObject({ "x-ratelimit-rule": RULE, ...told });
  });

  it("waits as told, and is served", async () => {
    await spend(101, 700);
    const began = performance.now();
    await ask(1);
    expect(performance.now() - began).toBeGreaterThan(600);
    expect(requests).toBe(2);
  });

  it("gives up at once, with all its retries left, if the wait is a day", async () => {
    await stack.redis.set(DAY, 1_001, "EX", 80_000);
    const began = performance.now();
    expect(await caught(ask(2, 5, { "x-tier": "free" }))).toBeInstanceOf(error);
    expect([requests, performance.now() - began < 2_000]).toEqual([1, true]);
  });

  it("gives up at once if the call is larger than the limit", async () => {
    const raised = await caught(ask(2, 500));
    expect(raised).toBeInstanceOf(error);
    expect(requests).toBe(1);
    expect(raised.headers.get("retry-after")).toBeNull();
  });
});
