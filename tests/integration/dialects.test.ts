// Scenario: every provider's API is called through the gateway, whole and streamed, with cached and reasoning tokens,
// cut into bytes, with trailers. The caller's counter grows by exactly what the provider reported, input and output,
// and the caller gets the provider's bytes. Where usage stands is in tools/fake-llm/dialects/.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DIALECT_CALLS, type DialectCall } from "../gateway/dialect-calls.ts";
import { startStack, untilCounter, type Stack } from "../support/stack.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({
    config: {
      rule_name: "r",
      rule_items: [
        { limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", token_per_hour: 1_000_000 }] },
      ],
      redis: { service_name: "redis.static" },
    },
  });
});
afterAll(() => stack.close());

/** Ways in which the same answer can come. */
const WAYS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "as it is": {},
  "with cached and reasoning tokens": {
    "x-fake-cache-read": "2",
    "x-fake-cache-write": "1",
    "x-fake-reasoning": "3",
  },
  "byte by byte": { "x-fake-piece-bytes": "1" },
  "in one piece": { "x-fake-piece-bytes": "1000000" },
  "with a length": { "x-fake-framing": "length" },
  "chunked, with trailers": { "x-fake-trailers": "1", "x-fake-piece-bytes": "99" },
};

async function bytesOf(origin: string, call: DialectCall, headers: Readonly<Record<string, string>>) {
  const response = await fetch(origin + call.path, {
    method: "POST",
    headers: { "content-type": "application/json", ...call.headers, ...headers },
    body: JSON.stringify(call.body),
  });
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

describe("the counter grows by input and output", () => {
  it.each(DIALECT_CALLS.map((call) => [call.name, call] as const))("%s", async (name, call) => {
    const key = name.replace(/\W+/g, "-");
    const counter = `higress-token-ratelimit:r:limit_by_per_header:3600:x-api-key:${key}`;
    let charged = 0;
    for (const [way, headers] of Object.entries(WAYS)) {
      const bytes = await bytesOf(stack.gateway.url, call, { ...headers, "x-api-key": key });
      expect(bytes.equals(await bytesOf(stack.llm.url, call, headers)), way).toBe(true);
      // A call charged twice would show here, the next time round.
      charged += call.input + call.output;
      await untilCounter(stack.redis, counter, charged).catch((error: Error) => {
        throw new Error(`${way}: ${error.message}`);
      });
    }
  });

  it("and only once", async () => {
    const keys = await stack.redis.keys("*");
    const counts = await Promise.all(keys.map(async (key) => Number(await stack.redis.get(key))));
    const ways = Object.keys(WAYS).length;
    const total = DIALECT_CALLS.reduce((sum, { input, output }) => sum + ways * (input + output), 0);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(total);
    expect(stack.guestLines).toEqual([]);
  });
});
