// The fake LLM writes the bytes of providers with APIs of their own, and its usage is where they report it.
// The providers' references are named in tools/fake-llm/dialects/; the bytes are read here by other means.
import { describe, expect, it } from "vitest";
import {
  ANSWER,
  ask,
  blocks,
  crc32,
  data,
  joined,
  json,
  members,
  messages,
  named,
  ofEvent,
  parseData,
  THOUGHTS,
  type Value,
} from "./dialect-readers.ts";

const CLAUDE_INPUT = { input_tokens: 2, cache_creation_input_tokens: 1, cache_read_input_tokens: 2 };
const CLAUDE_MESSAGE = {
  type: "message",
  content: [
    { type: "thinking", thinking: THOUGHTS },
    { type: "text", text: ANSWER },
  ],
  stop_reason: "max_tokens",
  usage: { ...CLAUDE_INPUT, output_tokens: 7 },
};
const CLAUDE_EVENTS = [
  "message_start",
  "content_block_start",
  "ping",
  ...Array(4).fill("content_block_delta"),
  "content_block_stop",
  "content_block_start",
  ...Array(4).fill("content_block_delta"),
  "content_block_stop",
  "message_delta",
  "message_stop",
] as string[];

/** What both ways of streaming Claude have in common. */
function expectClaudeStream(events: readonly Value[]): void {
  expect(events[0]).toMatchObject({ message: { content: [], usage: { ...CLAUDE_INPUT, output_tokens: 1 } } });
  expect(events.at(-2)).toMatchObject({
    delta: { stop_reason: "max_tokens" },
    usage: { ...CLAUDE_INPUT, output_tokens: 7 },
  });
  expect(joined(events, "delta", "thinking")).toBe(THOUGHTS);
  expect(joined(events, "delta", "text")).toBe(ANSWER);
}

describe("anthropic", () => {
  it("has the cached tokens beside the input", async () => {
    expect(await json("anthropic")).toMatchObject({ model: "m", ...CLAUDE_MESSAGE });
  });

  it("streams a placeholder first and a running total last", async () => {
    const events = await named("anthropic stream");
    expect(events.map(([name]) => name)).toEqual(CLAUDE_EVENTS);
    for (const [name, value] of events) expect(value).toMatchObject({ type: name });
    expectClaudeStream(events.map(([, value]) => value));
  });
});

describe("gemini", () => {
  const last = {
    promptTokenCount: 5,
    candidatesTokenCount: 4,
    totalTokenCount: 12,
    cachedContentTokenCount: 2,
    thoughtsTokenCount: 3,
  };
  const expectChunks = (chunks: readonly Value[]): void => {
    expect(members(chunks, "usageMetadata", "promptTokenCount")).toEqual(Array(8).fill(5));
    expect(members(chunks, "usageMetadata", "thoughtsTokenCount")).toEqual([1, 2, 3, 3, 3, 3, 3, 3]);
    expect(members(chunks, "usageMetadata", "candidatesTokenCount")).toEqual([
      ...Array(4).fill(undefined),
      1,
      2,
      3,
      4,
    ]);
    expect(members(chunks, "usageMetadata", "totalTokenCount")).toEqual([6, 7, 8, 8, 9, 10, 11, 12]);
    expect(chunks.at(-1)).toMatchObject({
      candidates: [{ finishReason: "MAX_TOKENS" }],
      usageMetadata: last,
    });
    expect(joined(chunks, "candidates", "0", "content", "parts", "0", "text")).toBe(THOUGHTS + ANSWER);
  };

  it("has the thoughts beside the candidates, and leaves out what is 0", async () => {
    expect(await json("gemini")).toMatchObject({
      candidates: [
        { content: { parts: [{ text: THOUGHTS, thought: true }, { text: ANSWER }], role: "model" } },
      ],
      modelVersion: "gemini-pro",
    });
    expect((await json("gemini"))["usageMetadata"]).toEqual(last);
    expect((await json("gemini", {}))["usageMetadata"]).toEqual({
      promptTokenCount: 5,
      candidatesTokenCount: 7,
      totalTokenCount: 12,
    });
  });

  it("streams events with CRLF, each with the counts so far", async () => {
    const answer = await ask("gemini stream");
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    expect(answer.text).not.toMatch(/[^\r]\n|DONE/);
    expectChunks(blocks(answer.text, "\r\n").map((lines) => parseData(lines.join())));
  });

  it("streams an array, element by element", async () => {
    const answer = await ask("gemini array");
    expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
    expect(answer.text.match(/\n,\r\n\{/g)).toHaveLength(7);
    expectChunks(JSON.parse(answer.text) as Value[]);
  });

  it("is Vertex too", async () => {
    expect(await json("gemini vertex")).toMatchObject({ usageMetadata: last });
  });
});

it("the check of an event stream is CRC-32", () => {
  // The check value of CRC-32/ISO-HDLC in the catalogue of parametrised CRC algorithms.
  expect(crc32(Buffer.from("123456789"))).toBe(0xcbf43926);
});

describe("bedrock-converse", () => {
  const usage = {
    inputTokens: 2,
    outputTokens: 7,
    totalTokens: 12,
    cacheReadInputTokens: 2,
    cacheReadInputTokenCount: 2,
    cacheWriteInputTokens: 1,
    cacheWriteInputTokenCount: 1,
  };

  it("has the cached tokens beside the input, and in the total", async () => {
    expect(await json("bedrock-converse")).toMatchObject({
      output: {
        message: {
          content: [{ reasoningContent: { reasoningText: { text: THOUGHTS } } }, { text: ANSWER }],
          role: "assistant",
        },
      },
      stopReason: "max_tokens",
      usage,
    });
  });

  it("streams the usage in the last message", async () => {
    const events = messages(await ask("bedrock-converse stream"));
    expect(events.map(({ headers }) => headers[":event-type"])).toEqual([
      "messageStart",
      ...Array(3).fill("contentBlockDelta"),
      "contentBlockStop",
      ...Array(4).fill("contentBlockDelta"),
      "contentBlockStop",
      "messageStop",
      "metadata",
    ]);
    for (const { headers } of events)
      expect(headers).toMatchObject({ ":content-type": "application/json", ":message-type": "event" });
    const payloads = events.map(({ payload }) => payload);
    expect(joined(payloads, "delta", "text")).toBe(ANSWER);
    expect(joined(payloads, "delta", "reasoningContent", "text")).toBe(THOUGHTS);
    expect(payloads.at(-1)).toMatchObject({ usage, metrics: { latencyMs: expect.any(Number) } });
  });
});

describe("bedrock-invoke", () => {
  it("is Anthropic's body, and has counts in headers", async () => {
    const answer = await ask("bedrock-invoke");
    expect(JSON.parse(answer.text)).toMatchObject(CLAUDE_MESSAGE);
    expect(answer.headers.get("x-amzn-bedrock-input-token-count")).toBe("2");
    expect(answer.headers.get("x-amzn-bedrock-output-token-count")).toBe("7");
  });

  it("streams Anthropic's events in base64, with counts in the last", async () => {
    const chunks = messages(await ask("bedrock-invoke stream"));
    const events = chunks.map(({ headers, payload }) => {
      expect(headers).toMatchObject({ ":event-type": "chunk", ":message-type": "event" });
      return JSON.parse(Buffer.from(payload["bytes"] as unknown as string, "base64").toString()) as Value;
    });
    expect(members(events, "type")).toEqual(CLAUDE_EVENTS.filter((name) => name !== "ping"));
    expectClaudeStream(events);
    expect(events.at(-1)).toMatchObject({
      "amazon-bedrock-invocationMetrics": {
        inputTokenCount: 2,
        outputTokenCount: 7,
        cacheReadInputTokenCount: 2,
        cacheWriteInputTokenCount: 1,
      },
    });
  });
});

describe("cohere", () => {
  const usage = {
    billed_units: { input_tokens: 3, output_tokens: 7 },
    tokens: { input_tokens: 5, output_tokens: 7 },
    cached_tokens: 2,
  };

  it("has what the model saw beside what is billed", async () => {
    expect(await json("cohere")).toMatchObject({
      message: { content: [{ type: "text", text: ANSWER }] },
      usage,
    });
  });

  it("streams it in message-end", async () => {
    const events = await named("cohere stream");
    expect(events.map(([name]) => name)).toEqual([
      "message-start",
      "content-start",
      ...Array(4).fill("content-delta"),
      "content-end",
      "message-end",
      "",
    ]);
    expect(joined(ofEvent(events, "content-delta"), "delta", "message", "content", "text")).toBe(ANSWER);
    expect(ofEvent(events, "message-end")).toMatchObject([{ delta: { finish_reason: "MAX_TOKENS", usage } }]);
    expect(events.at(-1)?.[1]).toBe("[DONE]");
  });
});

describe("dashscope", () => {
  const usage = {
    input_tokens: 5,
    output_tokens: 7,
    total_tokens: 12,
    prompt_tokens_details: { cached_tokens: 2 },
    output_tokens_details: { reasoning_tokens: 3 },
  };

  it("has the output inside output, and the usage beside", async () => {
    expect(await json("dashscope")).toMatchObject({
      output: { choices: [{ message: { content: ANSWER, reasoning_content: THOUGHTS } }] },
      usage,
    });
  });

  it("streams numbered events with a comment, without a space, with the text and the counts so far", async () => {
    const answer = await ask("dashscope stream");
    expect(answer.headers.get("content-type")).toMatch(/^text\/event-stream/);
    const events = blocks(answer.text).map((lines, i) => {
      expect(lines.slice(0, 3)).toEqual([`id:${i + 1}`, "event:result", ":HTTP_STATUS/200"]);
      expect(lines[3]).toMatch(/^data:\{/);
      return JSON.parse(lines[3]!.slice("data:".length)) as Value;
    });
    expect(members(events, "usage", "output_tokens")).toEqual([1, 2, 3, 4, 5, 6, 7, 7]);
    expect(members(events, "output", "choices", "0", "finish_reason")).toEqual([
      ...Array(7).fill("null"),
      "length",
    ]);
    expect(members(events, "output", "choices", "0", "message", "content").slice(2, 5)).toEqual([
      "",
      "lorem",
      "lorem ipsum",
    ]);
    expect(events.at(-1)).toMatchObject({ usage, output: { choices: [{ message: { content: ANSWER } }] } });
  });

  it("streams to clients that accept only events", async () => {
    const answer = await ask("dashscope", { accept: "text/event-stream" });
    expect(answer.text).toMatch(/^id:1\nevent:result\n/);
  });

  it("streams the new text only, if told so", async () => {
    const { text } = await ask(
      "dashscope stream",
      {},
      {
        input: { prompt: "hello there" },
        parameters: { max_tokens: 3, incremental_output: true },
      },
    );
    const events = blocks(text).map((lines) => JSON.parse(lines[3]!.slice(5)) as Value);
    expect(members(events, "output", "choices", "0", "message", "content")).toEqual([
      "lorem",
      " ipsum",
      " dolor",
      "",
    ]);
    expect(events.at(-1)).toMatchObject({ usage: { input_tokens: 2, output_tokens: 3 } });
  });
});

describe("ollama", () => {
  const counts = { done: true, done_reason: "length", prompt_eval_count: 5, eval_count: 7 };

  it("has its counts at the top", async () => {
    const message = { content: ANSWER, thinking: THOUGHTS };
    expect(await json("ollama")).toMatchObject({ message, ...counts });
  });

  it("leaves out a prompt of no tokens", async () => {
    const empty = await json("ollama", {}, { messages: [{ role: "user", content: "" }] });
    expect(empty).toMatchObject({ eval_count: 7 });
    expect(empty).not.toHaveProperty("prompt_eval_count");
  });

  it("streams lines, the last of which has them", async () => {
    const answer = await ask("ollama stream");
    expect(answer.headers.get("content-type")).toBe("application/x-ndjson");
    expect(answer.text.endsWith("\n")).toBe(true);
    const lines = answer.text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Value);
    expect(joined(lines, "message", "content")).toBe(ANSWER);
    expect(joined(lines, "message", "thinking")).toBe(THOUGHTS);
    expect(lines.at(-1)).toMatchObject(counts);
    expect(members(lines.slice(0, -1), "done")).toEqual(Array(7).fill(false));
    expect(lines.filter((line) => "eval_count" in line)).toHaveLength(1);
  });
});

describe("baidu", () => {
  const usage = { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 };

  it("has the text in result", async () => {
    expect(await json("baidu")).toMatchObject({ result: ANSWER, usage });
  });

  it("streams running totals", async () => {
    const events = await data("baidu stream", {});
    expect(members(events, "result").join("")).toBe("lorem ipsum dolor sit amet consectetur adipiscing");
    expect(members(events, "is_end")).toEqual([false, false, true]);
    expect(members(events, "usage")).toEqual([
      { prompt_tokens: 5, completion_tokens: 5, total_tokens: 10 },
      usage,
      usage,
    ]);
  });

  it("of 2023 streams what is new in each event, and the total", async () => {
    const events = await data("baidu-2023 stream", {});
    expect(members(events, "usage")).toEqual([
      { prompt_tokens: 5, completion_tokens: 5, total_tokens: 10 },
      { prompt_tokens: 5, completion_tokens: 2, total_tokens: 12 },
      { prompt_tokens: 5, completion_tokens: 0, total_tokens: 12 },
    ]);
  });

  it.each([3, 7])("of 2023 counts %d tokens of reasoning in the first event", async (reasoning) => {
    const events = await data("baidu-2023 stream", { "x-fake-reasoning": String(reasoning) });
    expect(members(events, "usage", "completion_tokens")).toEqual([7, 0]);
    expect(members(events, "usage", "total_tokens")).toEqual([12, 12]);
  });
});

describe("hunyuan", () => {
  const Usage = { PromptTokens: 5, CompletionTokens: 7, TotalTokens: 12 };

  it("has everything in Response, in capitals", async () => {
    expect(await json("hunyuan")).toMatchObject({
      Response: { Choices: [{ Message: { Role: "assistant", Content: ANSWER } }], Usage },
    });
  });

  it("streams running totals without it", async () => {
    const events = await data("hunyuan stream", {});
    expect(members(events, "Usage", "CompletionTokens")).toEqual([1, 2, 3, 4, 5, 6, 7, 7]);
    expect(events.at(-1)).toMatchObject({ Choices: [{ FinishReason: "length" }], Usage });
    const reasoning = await data("hunyuan stream");
    expect(members(reasoning, "Usage", "CompletionTokens")).toEqual([4, 5, 6, 7, 7]);
  });
});
