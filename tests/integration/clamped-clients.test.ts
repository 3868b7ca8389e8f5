// Scenario: an application whose key has room for less than it asks for. With `reservation.mode: clamp` it gets a shorter answer
// instead of an error, and the official clients of OpenAI and Anthropic tell it so in their own ways. Specified in README.md,
// "A hard ceiling".
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { LengthFinishReasonError } from "openai/core/error";
import { makeParseableResponseFormat, makeParseableTextFormat } from "openai/lib/parser";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { eventually, startStack, untilCounter, type Stack } from "../support/stack.ts";

const LIMIT = 200;
const RICH_LIMIT = 5_000;
const counterOf = (caller: string): string =>
  `higress-token-ratelimit:r:limit_by_per_header:60:authorization:Bearer ${caller}`;
const CLAMPED = "x-ratelimit-clamped-tokens";
let stack: Stack;

beforeAll(async () => {
  stack = await startStack({
    config: {
      rule_name: "r",
      rule_items: [
        {
          limit_by_per_header: "authorization",
          limit_keys: [
            { key: "regexp:^Bearer rich$", token_per_minute: RICH_LIMIT },
            { key: "*", token_per_minute: LIMIT },
          ],
        },
      ],
      rejected_msg: JSON.stringify({ error: { message: "Too many tokens", type: "tokens" } }),
      reservation: { mode: "clamp", default_output_tokens: 1_000, min_output_tokens: 1 },
      redis: { service_name: "redis.static" },
    },
  });
});
afterAll(() => stack.close());
beforeEach(() => stack.redis.flushall());
afterEach(() =>
  eventually(async () => {
    const keys = await stack.redis.keys("higress-token-ratelimit:held:*");
    const sums = await Promise.all(keys.map((key) => stack.redis.hget(key, "sum")));
    return sums.every((sum) => Number(sum ?? 0) === 0) ? true : undefined;
  }),
);

/** That an answer was clamped to what was left, and is charged exactly. */
async function expectClamped(caller: string, response: Response, input: number, output: number) {
  expect(response.headers.get(CLAMPED)).toBe(String(output));
  expect(output).toBeGreaterThan(LIMIT / 2);
  expect(input + output).toBeLessThanOrEqual(LIMIT);
  await untilCounter(stack.redis, counterOf(caller), input + output);
}

describe("the openai client", () => {
  const openai = (caller = "alice"): OpenAI =>
    new OpenAI({ apiKey: caller, baseURL: `${stack.gateway.url}/v1`, maxRetries: 0 });
  const question = { model: "fake-model", messages: [{ role: "user" as const, content: "Hello" }] };
  const json_schema = { name: "greeting", schema: { type: "object" } };

  it.each([
    ["a cap", { max_tokens: 5_000 }],
    ["the newer cap", { max_completion_tokens: 5_000 }],
    ["no cap", {}],
  ])("gets a shorter answer to a call with %s", async (_what, caps) => {
    const { data, response } = await openai()
      .chat.completions.create({ ...question, ...caps })
      .withResponse();
    expect(data.choices[0]?.finish_reason).toBe("length");
    expect(data.choices[0]?.message.content?.split(" ")).toHaveLength(data.usage!.completion_tokens);
    await expectClamped("alice", response, data.usage!.prompt_tokens, data.usage!.completion_tokens);
  });

  it("gets a shorter stream, and learns why it ends", async () => {
    const { data, response } = await openai()
      .chat.completions.create({
        ...question,
        max_tokens: 5_000,
        stream: true,
        stream_options: { include_usage: true },
      })
      .withResponse();
    const reasons: unknown[] = [];
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of data) {
      reasons.push(chunk.choices[0]?.finish_reason);
      usage = chunk.usage ?? usage;
    }
    expect(reasons).toContain("length");
    await expectClamped("alice", response, usage!.prompt_tokens, usage!.completion_tokens);
  });

  it("gets a whole message from the helper for streams", async () => {
    const stream = openai().chat.completions.stream({ ...question, max_tokens: 5_000 });
    const completion = await stream.finalChatCompletion();
    expect(completion.choices[0]?.finish_reason).toBe("length");
    expect(completion.choices[0]?.message.content).toMatch(/^lorem ipsum/);
  });

  it("raises its own error instead of parsing half of a structured output", async () => {
    const response_format = { type: "json_schema" as const, json_schema };
    const parse = openai().chat.completions.parse({ ...question, max_tokens: 5_000, response_format });
    await expect(parse).rejects.toThrow(LengthFinishReasonError);
    await eventually(async () => (await stack.redis.get(counterOf("alice"))) ?? undefined);
    const parsed = makeParseableResponseFormat(response_format, JSON.parse);
    const stream = openai("bob").chat.completions.stream(
      { ...question, max_tokens: 5_000, response_format: parsed },
      { headers: { "x-fake-language": "json" } },
    );
    await expect(stream.finalChatCompletion()).rejects.toThrow(LengthFinishReasonError);
  });

  it("gets an incomplete response, and parses none of it", async () => {
    const { data, response } = await openai()
      .responses.create({ model: "fake-model", input: "Hello", max_output_tokens: 5_000 })
      .withResponse();
    expect(data).toMatchObject({ status: "incomplete", incomplete_details: { reason: "max_output_tokens" } });
    expect(data.output_text).toMatch(/^lorem ipsum/);
    await expectClamped("alice", response, data.usage!.input_tokens, data.usage!.output_tokens);
    const format = makeParseableTextFormat({ type: "json_schema", ...json_schema }, JSON.parse);
    const parsed = await openai("bob").responses.parse({
      model: "fake-model",
      input: "Hello",
      text: { format },
    });
    expect(parsed).toMatchObject({ status: "incomplete", output_parsed: null });
  });

  it("gets a stream of a response that ends as incomplete", async () => {
    const stream = await openai().responses.create({ model: "fake-model", input: "Hello", stream: true });
    const types: string[] = [];
    for await (const event of stream) types.push(event.type);
    expect(types.at(-1)).toBe("response.incomplete");
  });

  it("never gets fewer than the 16 tokens that the API of responses asks for at least", async () => {
    const served: number[] = [];
    for (let left = 14; left <= 40; left += 2) {
      const caller = `left-${left}`;
      await stack.redis.set(counterOf(caller), LIMIT - left, "EX", 60);
      const call = openai(caller).responses.create({ model: "fake-model", input: "Hello" });
      await call.then(
        ({ usage }) => served.push(usage!.output_tokens),
        (error: unknown) => expect(error).toBeInstanceOf(OpenAI.RateLimitError),
      );
    }
    expect(Math.min(...served)).toBeGreaterThanOrEqual(16);
    expect(Math.min(...served)).toBeLessThan(20);
    expect(Math.max(...served)).toBeLessThan(40);
    // Other APIs have no such minimum.
    await stack.redis.set(counterOf("carl"), LIMIT - 16, "EX", 60);
    const completion = await openai("carl").chat.completions.create(question);
    expect(completion.usage!.completion_tokens).toBeLessThan(16);
  });

  it("gets a RateLimitError when nothing of use is left", async () => {
    await stack.redis.set(counterOf("alice"), LIMIT, "EX", 60);
    await expect(openai().chat.completions.create(question)).rejects.toThrow(OpenAI.RateLimitError);
  });
});

describe("the Anthropic client", () => {
  const anthropic = (caller = "alice"): Anthropic =>
    new Anthropic({ apiKey: caller, authToken: null, baseURL: stack.gateway.url, maxRetries: 0 });
  const question = (max_tokens: number) => ({
    model: "fake-model",
    max_tokens,
    messages: [{ role: "user" as const, content: "Hello there" }],
  });

  it("gets a shorter message", async () => {
    const { data, response } = await anthropic().messages.create(question(5_000)).withResponse();
    expect(data.stop_reason).toBe("max_tokens");
    await expectClamped("alice", response, data.usage.input_tokens, data.usage.output_tokens);
  });

  it("gets a shorter stream, and learns why it ends", async () => {
    const stream = anthropic().messages.stream(question(5_000));
    const { data, response } = await stream.withResponse();
    const message = await data.finalMessage();
    expect(message.stop_reason).toBe("max_tokens");
    await expectClamped("alice", response, message.usage.input_tokens, message.usage.output_tokens);
  });

  it("raises its own error instead of parsing half of a structured output", async () => {
    const parse = (content: string): unknown => JSON.parse(content);
    const format = { type: "json_schema" as const, schema: {}, parse };
    const call = anthropic().messages.parse({ ...question(5_000), output_config: { format } });
    await expect(call).rejects.toThrow(/^Failed to parse structured output/);
  });

  it("thinks within what is left, and still answers", async () => {
    const thinking = { type: "enabled" as const, budget_tokens: 10_000 };
    const headers = { "x-fake-reasoning": "2000" };
    const message = await anthropic("rich").messages.create(
      { ...question(20_000), thinking },
      // The fake, as the API, refuses a budget that is not below the cap.
      { headers, timeout: 5_000 },
    );
    expect(message.stop_reason).toBe("max_tokens");
    expect(message.content.map(({ type }) => type)).toEqual(["thinking", "text"]);
    expect(message.usage.output_tokens).toBeLessThan(RICH_LIMIT);
    await untilCounter(
      stack.redis,
      counterOf("rich"),
      message.usage.input_tokens + message.usage.output_tokens,
    );
    // 1,024 tokens of thinking are the least, and the cap has to be above that.
    const tooLittle = anthropic().messages.create({ ...question(20_000), thinking });
    await expect(tooLittle).rejects.toThrow(Anthropic.RateLimitError);
  });
});
