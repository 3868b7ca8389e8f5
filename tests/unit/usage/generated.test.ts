// Contract of assembly/usage: text that a model generated is found wherever the APIs put it, counts once, and nothing else
// is taken for it. It is what a call is charged whose usage is missing. Specified in assembly/usage/formats.ts.
import { describe, expect, it } from "vitest";
import { bodyOf, FIXTURES, awsMessage } from "./fixtures.ts";
import { usage, utf8 } from "./scanner.ts";

/** The estimate for the text generated in a body, which does not depend on how the body is cut. */
function generated(body: ArrayBuffer, type = "application/json"): number {
  usage.scan(body, type, []);
  const whole = Number(usage.generatedTokens());
  for (const size of [1, 7, 100]) {
    usage.scanBy(body, type, size);
    expect(Number(usage.generatedTokens()), `in pieces of ${size}`).toBe(whole);
  }
  return whole;
}
const json = (value: unknown): number => generated(utf8(JSON.stringify(value)));
const events = (...values: unknown[]): number =>
  generated(utf8(values.map((value) => `data: ${JSON.stringify(value)}\n\n`).join("")), "text/event-stream");

/** 100 tokens or a few more; enough to see whether they were counted, once. */
const TEXT = "lorem ".repeat(100);
const LEAST = 90;
const MOST = 150;

const choice = (message: object): object => ({ choices: [{ index: 0, message, finish_reason: "stop" }] });
const chunk = (delta: object): object => ({ choices: [{ index: 0, delta }] });

describe("text in an answer in one piece", () => {
  it.each<[string, unknown]>([
    ["choices[].message.content", choice({ role: "assistant", content: TEXT })],
    ["choices[].message.content[].text", choice({ content: [{ type: "text", text: TEXT }] })],
    ["choices[].message.refusal", choice({ content: null, refusal: TEXT })],
    [
      "choices[].message.function_call.arguments",
      choice({ content: null, function_call: { name: "f", arguments: TEXT } }),
    ],
    [
      "choices[].message.tool_calls[].function.arguments",
      choice({ tool_calls: [{ id: "1", type: "function", function: { name: "f", arguments: TEXT } }] }),
    ],
    [
      "choices[].message.tool_calls[].custom.input",
      choice({ tool_calls: [{ id: "1", type: "custom", custom: { name: "f", input: TEXT } }] }),
    ],
    ["choices[].message.audio.transcript", choice({ audio: { id: "a", transcript: TEXT } })],
    ["choices[].message.reasoning_content", choice({ content: "", reasoning_content: TEXT })],
    [
      "choices[].message.reasoning_details[].text",
      choice({ content: "", reasoning_details: [{ type: "reasoning.text", text: TEXT }] }),
    ],
    ["choices[].message.reasoning_text", choice({ content: "", reasoning_text: TEXT })],
    ["choices[].message.thinking", choice({ content: "", thinking: TEXT })],
    [
      "choices[].message.content[].thinking[].text",
      choice({ content: [{ type: "thinking", thinking: [{ type: "text", text: TEXT }] }] }),
    ],
    ["choices[].message.anything_new", choice({ content: "", anything_new: { deep: [[{ er: TEXT }]] } })],
    ["choices[].messages", { choices: [{ messages: TEXT }] }],
    ["choices[].text", { choices: [{ text: TEXT }] }],
    ["output[].content[].text", { output: [{ type: "message", content: [{ text: TEXT }] }] }],
    ["output[].arguments", { output: [{ type: "function_call", name: "f", arguments: TEXT }] }],
    ["output[].input", { output: [{ type: "custom_tool_call", input: TEXT }] }],
    ["output[].code", { output: [{ type: "code_interpreter_call", code: TEXT }] }],
    ["output[].summary[].text", { output: [{ type: "reasoning", summary: [{ text: TEXT }] }] }],
    ["output[].action.command[]", { output: [{ type: "shell_call", action: { command: [TEXT] } }] }],
    ["output", { output: TEXT }],
    ["output[]", { output: TEXT.match(/.{1,60}/g) }],
    ["output.text", { output: { text: TEXT } }],
    [
      "output.message.content[].toolUse.input",
      { output: { message: { content: [{ toolUse: { input: { q: TEXT } } }] } } },
    ],
    [
      "output.message.content[].reasoningContent.reasoningText.text",
      { output: { message: { content: [{ reasoningContent: { reasoningText: { text: TEXT } } }] } } },
    ],
    ["content[].text", { content: [{ type: "text", text: TEXT }] }],
    ["content[].thinking", { content: [{ type: "thinking", thinking: TEXT, signature: TEXT }] }],
    ["content[].input", { content: [{ type: "tool_use", id: "1", name: "f", input: { q: [TEXT] } }] }],
    ["content", { content: TEXT }],
    ["candidates[].content.parts[].text", { candidates: [{ content: { parts: [{ text: TEXT }] } }] }],
    [
      "candidates[].content.parts[].functionCall.args",
      { candidates: [{ content: { parts: [{ functionCall: { name: "f", args: { q: TEXT } } }] } }] },
    ],
    [
      "candidates[].content.parts[].executableCode.code",
      { candidates: [{ content: { parts: [{ executableCode: { code: TEXT } }] } }] },
    ],
    [
      "message.tool_calls[].function.arguments, an object",
      { message: { role: "assistant", content: "", tool_calls: [{ function: { arguments: { q: TEXT } } }] } },
    ],
    [
      "message.tool_calls[].function.arguments, the names in an object",
      { message: { tool_calls: [{ function: { arguments: { [TEXT]: 1 } } }] } },
    ],
    ["message.tool_plan", { message: { tool_plan: TEXT } }],
    ["response", { response: TEXT, done: true }],
    ["thinking", { response: "", thinking: TEXT, done: true }],
    ["generation", { generation: TEXT }],
    ["outputs[].text", { outputs: [{ text: TEXT, stop_reason: "stop" }] }],
    ["results[].outputText", { results: [{ outputText: TEXT }] }],
    ["results[].generated_text", { results: [{ generated_text: TEXT }] }],
    ["completions[].data.text", { completions: [{ data: { text: TEXT } }] }],
    ["generations[].text", { generations: [{ text: TEXT }] }],
    ["predictions[].content", { predictions: [{ content: TEXT }] }],
    ["[].generated_text", [{ generated_text: TEXT }]],
  ])("counts at %s", (_path, body) => {
    const tokens = json(body);
    expect(tokens).toBeGreaterThan(LEAST);
    expect(tokens).toBeLessThan(MOST);
  });

  it.each<[string, unknown]>([
    ["of what it is", choice({ role: TEXT, type: TEXT, status: TEXT })],
    ["of ids", choice({ id: TEXT, tool_calls: [{ id: TEXT }] })],
    ["of models", { model: TEXT, choices: [{ model: TEXT, finish_reason: TEXT }] }],
    [
      "of signatures",
      { content: [{ type: "thinking", thinking: "", signature: TEXT, encrypted_content: TEXT }] },
    ],
    ["of files", choice({ audio: { data: TEXT }, images: [{ image_url: { url: TEXT } }] })],
    [
      "of what was found",
      { candidates: [{ groundingMetadata: { searchEntryPoint: { renderedContent: TEXT } } }] },
    ],
    ["of probabilities", { choices: [{ text: "", logprobs: { tokens: [TEXT] } }] }],
    [
      "of what was asked",
      { instructions: TEXT, prompt: TEXT, tools: [{ description: TEXT }], metadata: { a: TEXT } },
    ],
    ["of the format that was asked for", { output: [], text: { format: { schema: { description: TEXT } } } }],
    ["of an error", { error: { message: TEXT } }],
    ["in lists of other things", { data: [{ id: TEXT, description: TEXT }] }],
  ])("does not count in names %s", (_what, body) => {
    expect(json(body)).toBe(0);
  });

  it("counts however deep it stands, and however many texts there are", () => {
    let deep: unknown = TEXT;
    for (let i = 0; i < 40; ++i) deep = i % 2 ? [deep] : { a: deep };
    expect(json(choice({ deep }))).toBeGreaterThan(LEAST);
    const long = "lorem ".repeat(3000);
    const many = json({
      output: Array.from({ length: 10 }, () => ({ content: [long, { text: long }, long] })),
    });
    expect(many / json({ output: [long] })).toBeGreaterThan(28);
    expect(many / json({ output: [long] })).toBeLessThan(32);
  });
});

describe("text in a stream", () => {
  const words = Array.from({ length: 100 }, () => "lorem ");

  it.each<[string, (text: string) => unknown]>([
    ["choices[].delta.content", (content) => chunk({ content })],
    ["choices[].delta.reasoning_content", (text) => chunk({ reasoning_content: text })],
    [
      "choices[].delta.reasoning_details[].text",
      (text) => chunk({ reasoning_details: [{ type: "t", text }] }),
    ],
    ["choices[].delta.function_call.arguments", (text) => chunk({ function_call: { arguments: text } })],
    [
      "choices[].delta.tool_calls[].function.arguments",
      (text) => chunk({ tool_calls: [{ index: 0, function: { arguments: text } }] }),
    ],
    ["choices[].delta.audio.transcript", (text) => chunk({ audio: { transcript: text } })],
    ["choices[].message.content", (content) => choice({ content })],
    ["delta", (delta) => ({ type: "response.custom_tool_call_input.delta", delta })],
    [
      "delta.thinking",
      (thinking) => ({ type: "content_block_delta", delta: { type: "thinking_delta", thinking } }),
    ],
    ["delta.partial_json", (text) => ({ type: "content_block_delta", delta: { partial_json: text } })],
    ["delta.toolUse.input", (input) => ({ contentBlockIndex: 0, delta: { toolUse: { input } } })],
    [
      "delta.message.content.text",
      (text) => ({ type: "content-delta", delta: { message: { content: { text } } } }),
    ],
    ["text", (text) => ({ event_type: "text-generation", text })],
    ["content", (content) => ({ content, stop: false })],
    ["candidates[].content.parts[].text", (text) => ({ candidates: [{ content: { parts: [{ text }] } }] })],
    ["message.content", (content) => ({ message: { role: "assistant", content }, done: false })],
    ["result", (result) => ({ id: "as-1", result, is_end: false })],
  ])("counts piece by piece at %s", (_path, event) => {
    const tokens = events(...words.map(event));
    expect(tokens).toBeGreaterThan(LEAST);
    expect(tokens).toBeLessThan(MOST);
  });

  it.each<[string, unknown[]]>([
    [
      "Responses",
      [
        ...words.map((delta) => ({ type: "response.output_text.delta", delta })),
        { type: "response.output_text.done", text: TEXT },
        { type: "response.content_part.done", part: { type: "output_text", text: TEXT } },
        { type: "response.output_item.done", item: { type: "message", content: [{ text: TEXT }] } },
        { type: "response.completed", response: { output: [{ content: [{ text: TEXT }] }] } },
      ],
    ],
    [
      "Responses that come whole",
      [
        { type: "response.output_item.done", item: { type: "message", content: [{ text: TEXT }] } },
        { type: "response.completed", response: { output: [{ content: [{ text: TEXT }] }] } },
      ],
    ],
    [
      "Perplexity, which repeats all in each chunk",
      words.map((content, i) => ({
        choices: [{ delta: { content }, message: { content: content.repeat(i + 1) } }],
      })),
    ],
    ["DashScope, whose text grows", words.map((text, i) => ({ output: { text: text.repeat(i + 1) } }))],
    [
      "OpenRouter, which gives reasoning twice",
      words.map((text) => chunk({ reasoning: text, reasoning_details: [{ text }] })),
    ],
    [
      "LiteLLM, which gives it three times",
      words.map((text) =>
        chunk({
          reasoning_content: text,
          thinking_blocks: [{ thinking: text }],
          provider_specific_fields: { thinking_blocks: [{ thinking: text }] },
        }),
      ),
    ],
    [
      "TGI, which says all again at the end",
      [...words.map((text) => ({ token: { text } })), { token: { text: "" }, generated_text: TEXT }],
    ],
    [
      "Cohere v1, too",
      [...words.map((text) => ({ text })), { event_type: "stream-end", response: { text: TEXT } }],
    ],
    [
      "transcriptions, too",
      [
        ...words.map((delta) => ({ type: "transcript.text.delta", delta })),
        { type: "transcript.text.done", text: TEXT },
      ],
    ],
  ])("counts once in the stream of %s", (_api, stream) => {
    const tokens = events(...stream);
    expect(tokens).toBeGreaterThan(LEAST);
    expect(tokens).toBeLessThan(MOST);
  });

  it("counts in what a Bedrock stream holds in base64", () => {
    const message = (value: object): Buffer => {
      const bytes = Buffer.from(JSON.stringify(value)).toString("base64");
      return Buffer.from(awsMessage("chunk", JSON.stringify({ bytes })));
    };
    const body = Buffer.concat(words.map((text) => message({ delta: { text } })));
    const tokens = generated(new Uint8Array(body).buffer, "application/vnd.amazon.eventstream");
    expect(tokens).toBeGreaterThan(LEAST);
    expect(tokens).toBeLessThan(MOST);
  });

  it("is forgotten before the next response", () => {
    const stream = [{ delta: "x" }, { type: "response.output_text.done", text: TEXT }];
    const first = events(...stream);
    expect(events(...stream)).toBe(first);
    expect(events({ event_type: "text-generation", text: TEXT })).toBeGreaterThan(LEAST);
  });
});

it("does not depend on how a fixture is cut", () => {
  for (const fixture of FIXTURES) generated(bodyOf(fixture).buffer, fixture.type);
});
