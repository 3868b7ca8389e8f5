// Scenario: applications with the official clients of OpenAI, Anthropic and Google talk through a gateway with
// `rejected_format: auto`. Each raises its own rate limit error, with the configured message; given one retry, it waits as told and
// is served; and it gives up at once if the wait is a day, or no waiting helps. Google's waits by its own options instead.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { havePythonClients, startPythonClient, type PythonClient } from "../support/python-client.ts";
import { eventually, startStack, type Stack } from "../support/stack.ts";
import { OFFICIAL_CLIENTS, type Client, type Outcome } from "./official-clients.ts";

const RULE = "rule_items[1].limit_keys[0]";
const DAY = "higress-token-ratelimit:r:limit_by_header:86400:x-tier:free";
const FREE = { "x-tier": "free" };
const MESSAGE = "101 of 100 tokens are used";
/** Milliseconds that a short wait takes: enough for a slow machine to ask within. */
const WAIT = 1_000;
let stack: Stack;

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
beforeEach(() => stack.redis.flushall());

/** How many requests the gateway has had. */
async function requests(): Promise<number> {
  const counts = (await stack.gateway.metrics()).matchAll(/^gateway_requests_total\{.*\} (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** What becomes of a call, and how many requests it took. */
async function counted<T>(call: Promise<T>): Promise<T & { requests: number }> {
  const before = await requests();
  const outcome = await call;
  return { ...outcome, requests: (await requests()) - before };
}

/** Sets the counter of the caller, whose name has a part that differs by API, after a call that is served. */
async function spend(served: Promise<{ raised?: unknown }>, milliseconds: number): Promise<void> {
  expect((await served).raised).toBeUndefined();
  const key = await eventually(async () => (await stack.redis.keys("higress-token-ratelimit:r:*:60:*"))[0]);
  await stack.redis.set(key, 101, "PX", milliseconds);
}

const TOLD = {
  openai: { "x-ratelimit-limit-tokens": "100", "x-ratelimit-remaining-tokens": "0" },
  anthropic: { "anthropic-ratelimit-tokens-limit": "100", "anthropic-ratelimit-tokens-remaining": "0" },
};

for (const { name, isHere, api, start } of OFFICIAL_CLIENTS) {
  describe.skipIf(!isHere)(`the client ${name}`, () => {
    let client: Client;
    beforeAll(async () => {
      client = await start();
    });
    afterAll(() => client.close());
    const ask = (retries: number, tokens = 5, headers = {}): Promise<Outcome> =>
      client.ask({ url: stack.gateway.url, retries, tokens, headers });

    it("raises its rate limit error, with our message and our rule", async () => {
      await spend(ask(0), 30_000);
      const { raised } = await ask(0);
      expect(raised).toMatchObject({
        isRateLimit: true,
        headers: { "x-ratelimit-rule": RULE, ...TOLD[api] },
      });
      expect(raised!.message).toContain(MESSAGE);
    });

    it("waits as told, and is served", async () => {
      await spend(ask(0), WAIT);
      const outcome = await counted(ask(1));
      expect(outcome).toMatchObject({ requests: 2 });
      expect(outcome.raised).toBeUndefined();
      // It has asked again as soon as it may.
      expect(outcome.seconds).toBeGreaterThan(0.8);
      expect(outcome.seconds).toBeLessThan(3);
    });

    it("gives up at once, with all its retries left, if the wait is a day", async () => {
      await stack.redis.set(DAY, 1_001, "EX", 80_000);
      const outcome = await counted(ask(2, 5, FREE));
      expect(outcome).toMatchObject({ requests: 1, raised: { isRateLimit: true } });
      expect(outcome.seconds).toBeLessThan(2);
    });

    it("gives up at once if the call is larger than the limit", async () => {
      const { raised, requests } = await counted(ask(2, 500));
      expect(requests).toBe(1);
      expect(raised).toMatchObject({ isRateLimit: true });
      expect(raised!.headers).not.toHaveProperty("retry-after");
    });
  });
}

// It reads neither Retry-After nor x-should-retry, and waits only by its own options: see docs/recipes.md.
describe.skipIf(!havePythonClients)("the client google-genai in Python", () => {
  let client: PythonClient;
  beforeAll(async () => {
    client = await startPythonClient("google_genai_client.py");
  });
  afterAll(() => client.close());
  const ask = (args: object = {}) =>
    client.call({ url: stack.gateway.url, retries: 0, tokens: 5, headers: {}, ...args });
  const exhausted = { error: { code: 429, status: "RESOURCE_EXHAUSTED" } };

  it("raises its error, with our message, our rule, and how long to wait", async () => {
    await spend(ask(), 30_000);
    const { raised } = await ask();
    expect(raised!.classes).toContain("google.ClientError");
    expect(raised).toMatchObject({ details: exhausted, headers: { "x-ratelimit-rule": RULE } });
    expect(raised!.message).toMatch(/^429 RESOURCE_EXHAUSTED\./);
    expect(raised!.message).toContain(MESSAGE);
    const [info] = (raised!.details as { error: { details: [{ retryDelay: string }] } }).error.details;
    expect(info.retryDelay).toMatch(/^(2\d|30)s$/);
  });

  it("is served if its options have it wait for as long", async () => {
    await spend(ask(), WAIT);
    const outcome = await counted(ask({ retries: 1, delay: 1.1 }));
    expect(outcome).toMatchObject({ requests: 2 });
    expect(outcome.raised).toBeUndefined();
  });

  it("fails at once without options for retries, even if the wait is a day", async () => {
    await stack.redis.set(DAY, 1_001, "EX", 80_000);
    const outcome = await counted(ask({ headers: FREE }));
    expect(outcome).toMatchObject({ requests: 1, raised: { details: exhausted } });
    expect(outcome.seconds).toBeLessThan(2);
  });

  it("asks as often as its options say, even if the wait is a day", async () => {
    await stack.redis.set(DAY, 1_001, "EX", 80_000);
    const outcome = await counted(ask({ headers: FREE, retries: 2, delay: 0.1 }));
    expect(outcome).toMatchObject({ requests: 3, raised: { details: exhausted } });
  });
});
