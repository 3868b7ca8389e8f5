// The fake LLM writes OpenAI's APIs, and those of providers that differ from it in where they report usage.
// The providers' references are named in tools/fake-llm/dialects/; the bytes are read here by other means.
import { describe, expect, it } from "vitest";
import { ANSWER, data, joined, json, members, named, ofEvent, THOUGHTS } from "./dialect-readers.ts";

const OPENAI_USAGE = {
  prompt_tokens: 5,
  completion_tokens: 7,
  total_tokens: 12,
  prompt_tokens_details: { cached_tokens: 2 },
  completion_tokens_details: { reasoning_tokens: 3 },
};

describe("openai-chat", () => {
  it("has the usage beside the choices", async () => {
    expect(await json("openai-chat")).toMatchObject({
      object: "chat.completion",
      choices: [{ message: { role: "assistant", content: ANSWER }, finish_reason: "length" }],
      usage: OPENAI_USAGE,
    });
  });

  it("streams it in a chunk without choices, and null before", async () => {
    const chunks = await data("openai-chat stream");
    expect(chunks.pop()).toBe("[DONE]");
    const last = chunks.pop();
    expect(last).toMatchObject({ object: "chat.completion.chunk", choices: [], usage: OPENAI_USAGE });
    expect(joined(chunks, "choices", "0", "delta", "content")).toBe(ANSWER);
    expect(members(chunks, "choices", "0", "finish_reason")).toEqual([...Array(5).fill(null), "length"]);
    expect(members(chunks, "usage")).toEqual(Array(6).fill(null));
  });
});

describe("deepseek", () => {
  const usage = { ...OPENAI_USAGE, prompt_cache_hit_tokens: 2, prompt_cache_miss_tokens: 3 };

  it("splits the prompt into hits and misses, and shows its reasoning", async () => {
    expect(await json("deepseek")).toMatchObject({
      choices: [{ message: { reasoning_content: THOUGHTS, content: ANSWER } }],
      usage,
    });
  });

  it("streams the usage with the finish reason, unasked", async () => {
    const chunks = await data("deepseek stream");
    expect(chunks.pop()).toBe("[DONE]");
    expect(joined(chunks, "choices", "0", "delta", "reasoning_content")).toBe(THOUGHTS);
    expect(chunks.at(-1)).toMatchObject({ choices: [{ finish_reason: "length" }], usage });
    expect(chunks.filter((chunk) => "usage" in chunk)).toHaveLength(1);
  });
});

describe("moonshot", () => {
  const usage = { ...OPENAI_USAGE, cached_tokens: 2 };

  it("streams the usage inside the choice, and nowhere else", async () => {
    expect(await json("moonshot")).toMatchObject({ usage });
    const chunks = await data("moonshot stream");
    expect(chunks.at(-1)).toBe("[DONE]");
    expect(chunks.at(-2)).toMatchObject({ choices: [{ finish_reason: "length", usage }] });
    expect(JSON.stringify(chunks).match(/"usage"/g)).toHaveLength(1);
  });
});

describe("xai", () => {
  it("has the reasoning in the total only", async () => {
    const usage = { ...OPENAI_USAGE, completion_tokens: 4 };
    expect(await json("xai")).toMatchObject({ usage });
    const chunks = await data("xai stream");
    expect(chunks.at(-2)).toMatchObject({ choices: [], usage });
  });
});

describe("groq", () => {
  it("streams x_groq.usage only, unless asked for more", async () => {
    expect(await json("groq")).toMatchObject({ usage: OPENAI_USAGE, x_groq: { id: expect.any(String) } });
    const chunks = await data("groq stream");
    expect(chunks.pop()).toBe("[DONE]");
    expect(chunks.at(-1)).toMatchObject({
      choices: [{ finish_reason: "length" }],
      x_groq: { usage: OPENAI_USAGE },
    });
    expect(chunks.filter((chunk) => "usage" in chunk)).toEqual([]);
  });

  it("repeats it at the top with include_usage", async () => {
    const chunks = await data("groq stream, usage twice");
    expect(chunks.at(-3)).toMatchObject({ x_groq: { usage: OPENAI_USAGE } });
    expect(chunks.at(-2)).toMatchObject({
      choices: [],
      usage: OPENAI_USAGE,
      x_groq: { usage: OPENAI_USAGE },
    });
  });
});

describe("openai-completions", () => {
  it("has chat's usage and its own text", async () => {
    expect(await json("openai-completions")).toMatchObject({
      object: "text_completion",
      choices: [{ text: ANSWER, finish_reason: "length" }],
      usage: OPENAI_USAGE,
    });
    const chunks = await data("openai-completions stream");
    expect(chunks.pop()).toBe("[DONE]");
    expect(chunks.pop()).toMatchObject({ choices: [], usage: OPENAI_USAGE });
    expect(joined(chunks, "choices", "0", "text")).toBe(ANSWER);
    expect(members(chunks, "usage")).toEqual(Array(5).fill(null));
  });
});

describe("openai-responses", () => {
  const response = {
    object: "response",
    status: "incomplete",
    incomplete_details: { reason: "max_output_tokens" },
    output: [{ type: "message", content: [{ type: "output_text", text: ANSWER }] }],
    usage: {
      input_tokens: 5,
      input_tokens_details: { cached_tokens: 2 },
      output_tokens: 7,
      output_tokens_details: { reasoning_tokens: 3 },
      total_tokens: 12,
    },
  };

  it("has input and output tokens", async () => {
    expect(await json("openai-responses")).toMatchObject(response);
  });

  it("streams them in the last event, null before", async () => {
    const events = await named("openai-responses stream");
    expect(events.map(([name]) => name)).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
      ...Array(4).fill("response.output_text.delta"),
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.incomplete",
    ]);
    for (const [i, [name, value]] of events.entries())
      expect(value).toMatchObject({ type: name, sequence_number: i });
    expect(joined(ofEvent(events, "response.output_text.delta"), "delta")).toBe(ANSWER);
    expect(events.at(0)?.[1]).toMatchObject({ response: { status: "in_progress", usage: null } });
    expect(events.at(-1)?.[1]).toMatchObject({ response });
  });

  it("completes if nothing limits it", async () => {
    const last = (await named("openai-responses stream", {}, { max_output_tokens: null })).at(-1);
    expect(last).toMatchObject([
      "response.completed",
      { response: { status: "completed", usage: { input_tokens: 5, output_tokens: 20 } } },
    ]);
  });
});

describe("openai-embeddings", () => {
  it("has an embedding for each input, and no output", async () => {
    expect(await json("openai-embeddings")).toMatchObject({
      object: "list",
      data: [{ index: 0, embedding: [0.25, -0.5, 0.125] }, { index: 1 }],
      usage: { prompt_tokens: 5, total_tokens: 5 },
    });
  });
});
