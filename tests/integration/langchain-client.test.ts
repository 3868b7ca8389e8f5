// Scenario: an application built on LangChain (Python, langchain-openai) whose key has room for less than it asks for, or for nothing.
// A clamped answer is an ordinary message that tells why it ends, half of a structured output is refused, and of retries those
// of `max_retries` follow our 429. Specified in README.md, "What a clamped call looks like".
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { havePythonClients, startPythonClient, type PythonClient } from "../support/python-client.ts";
import { startStack, untilCounter, type Stack } from "../support/stack.ts";

const LIMIT = 200;
const CALLER = "higress-token-ratelimit:r:limit_by_per_header:60:authorization:Bearer alice";
const DAY = "higress-token-ratelimit:r:limit_by_header:86400:x-tier:free";
const CLAMPED = "x-ratelimit-clamped-tokens";
let stack: Stack;
let langchain: PythonClient;

interface Message {
  readonly text: string;
  readonly metadata: { readonly headers?: Readonly<Record<string, string>> };
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number };
}
/** As tests/integration/python/langchain_client.py reads it; the rest are options of `ChatOpenAI`. */
interface Question {
  readonly how?: "invoke" | "stream" | "structured" | "with_retry";
  readonly retries?: number;
  readonly [option: string]: unknown;
}
const ask = (question: Question) =>
  langchain.call<Message>({ url: stack.gateway.url, caller: "alice", how: "invoke", ...question });

describe.skipIf(!havePythonClients)("LangChain", () => {
  beforeAll(async () => {
    [stack, langchain] = await Promise.all([
      startStack({
        config: {
          rule_name: "r",
          rule_items: [
            { limit_by_header: "x-tier", limit_keys: [{ key: "free", token_per_day: 1_000 }] },
            { limit_by_per_header: "authorization", limit_keys: [{ key: "*", token_per_minute: LIMIT }] },
          ],
          rejected_format: "auto",
          rejected_msg: "{used} of {limit} {unit} are used",
          reservation: { mode: "clamp", default_output_tokens: 1_000, min_output_tokens: 1 },
          redis: { service_name: "redis.static" },
        },
      }),
      startPythonClient("langchain_client.py"),
    ]);
  });
  afterAll(() => Promise.all([langchain.close(), stack.close()]));
  beforeEach(() => stack.redis.flushall());

  const COMPLETION = { finish_reason: "length" };
  const RESPONSE = { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } };
  it.each([
    ["answer", { how: "invoke", include_response_headers: true }, COMPLETION],
    ["answer with a cap", { how: "invoke", include_response_headers: true, max_tokens: 5_000 }, COMPLETION],
    ["stream", { how: "stream", stream_usage: true }, COMPLETION],
    ["response", { how: "invoke", use_responses_api: true }, RESPONSE],
    ["stream of a response", { how: "stream", use_responses_api: true }, RESPONSE],
  ] as const)("gets a shorter %s, and learns why it ends", async (_what, question, reason) => {
    const { returned } = await ask(question);
    const { text, metadata, usage } = returned!;
    expect(metadata).toMatchObject(reason);
    expect(text.split(" ")).toHaveLength(usage.output_tokens);
    expect(usage.output_tokens).toBeGreaterThan(LIMIT / 2);
    if ("include_response_headers" in question) {
      expect(metadata.headers![CLAMPED]).toBe(String(usage.output_tokens));
    }
    await untilCounter(stack.redis, CALLER, usage.input_tokens + usage.output_tokens);
  });

  it("raises an error instead of parsing half of a structured output", async () => {
    const completion = await ask({ how: "structured" });
    expect(completion.raised!.classes).toContain("openai.LengthFinishReasonError");
    await stack.redis.flushall();
    const response = await ask({ how: "structured", use_responses_api: true });
    expect(response.raised!.classes).toContain("pydantic_core.ValidationError");
  });

  it("waits as told, with max_retries, and is served", async () => {
    await ask({ max_tokens: 5 });
    for (const how of ["invoke", "stream"] as const) {
      await stack.redis.set(CALLER, LIMIT + 1, "PX", 1_000);
      const { raised, seconds } = await ask({ how, retries: 1, max_tokens: 5 });
      expect(raised).toBeUndefined();
      expect(seconds).toBeGreaterThan(0.8);
      expect(seconds).toBeLessThan(3);
    }
  });

  it("gives up at once, with all its max_retries left, if the wait is a day", async () => {
    await stack.redis.set(DAY, 1_001, "EX", 80_000);
    const before = await rejections();
    for (const how of ["invoke", "stream"] as const) {
      const { raised } = await ask({ how, retries: 2, default_headers: { "x-tier": "free" } });
      expect(raised!.classes).toContain("langchain_core.ModelRateLimitError");
      expect(raised!.message).toContain("1001 of 1000 tokens are used");
    }
    expect((await rejections()) - before).toBe(2);
  });

  it("asks on and on by with_retry, which looks at no header", async () => {
    await stack.redis.set(DAY, 1_001, "EX", 80_000);
    const before = await rejections();
    await ask({ how: "with_retry", retries: 0, default_headers: { "x-tier": "free" } });
    expect((await rejections()) - before).toBe(3);
  });
});

async function rejections(): Promise<number> {
  const metrics = await stack.gateway.metrics();
  return Number(/^gateway_requests_total\{status="429".*\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
}
