// Contract: a call is charged what it consumed, as reported and weighted.
// Specified in config.schema.json (token_weights) and README.md, "What is counted".
import { describe, expect, it } from "vitest";
import { metric, MODULES, PER_KEY, start, usageBody } from "../support/filter.ts";
import { charged, JSON_TYPE } from "./calls.ts";

describe.each(MODULES)("%s", (_name, file) => {
  it("charges a response although the request asked for an upgrade", async () => {
    const host = await start(file, PER_KEY);
    const request = { connection: "upgrade", upgrade: "websocket" };
    expect(charged(host, { request, body: usageBody(3, 4) })).toBe(7);
  });

  it("multiplies each kind of token by its weight", async () => {
    const token_weights = { input: 1, cached_input: 0.1, output: 4, reasoning: 2 };
    const host = await start(file, { ...PER_KEY, token_weights });
    const usage = {
      prompt_tokens: 1000,
      completion_tokens: 100,
      prompt_tokens_details: { cached_tokens: 900 },
      completion_tokens_details: { reasoning_tokens: 60 },
    };
    expect(charged(host, { body: JSON.stringify({ usage }) })).toBe(100 + 90 + 40 * 4 + 60 * 2);
  });

  it("treats impossible numbers of tokens as 0 or the maximum, and counts the response", async () => {
    const host = await start(file, PER_KEY);
    expect(charged(host, { body: '{"usage":{"prompt_tokens":-8,"completion_tokens":2}}' })).toBe(2);
    expect(
      charged(host, { body: '{"usage":{"prompt_tokens":1e300,"completion_tokens":2}}' }),
    ).toBeGreaterThan(1e9);
    expect(charged(host, { body: '{"usage":{"prompt_tokens":"8","completion_tokens":"2"}}' })).toBe(10);
    expect(metric(host, "clamped_usages")).toBe(3);
  });

  const counts = { "x-amzn-bedrock-input-token-count": "12", "x-amzn-bedrock-output-token-count": "30" };
  const response = { ...JSON_TYPE, ...counts };
  const invoke = { ":path": "/model/mistral.mistral-7b-instruct-v0:2/invoke" };

  it("takes the usage from headers when the body has none", async () => {
    const host = await start(file, PER_KEY);
    const body = '{"outputs":[{"text":"hello"}]}';
    expect(charged(host, { request: invoke, response, body })).toBe(42);
    expect(charged(host, { request: { ":path": "/unknown" }, response, body })).toBe(42);
    expect(charged(host, { request: invoke, response, body: usageBody(3, 4) })).toBe(7);
  });

  it("does not ask for such headers where the API reports its usage in bodies", async () => {
    const host = await start(file, PER_KEY);
    const body = '{"choices":[{"message":{"content":"hello"}}]}';
    expect(charged(host, { request: { ":path": "/v1/chat/completions" }, response, body })).toBeLessThan(42);
  });
});
