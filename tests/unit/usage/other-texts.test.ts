// Contract of assembly/usage: a text that a model generated counts under whatever name an answer has it, in one piece or in
// many, and what surely is none does not. Specified in assembly/usage/formats.ts.
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";

interface Harness {
  scan(body: ArrayBuffer, type: string, cuts: number[]): string;
  generatedTokens(): bigint;
}

let usage: Harness;
beforeAll(async () => {
  usage = await loadHarness<Harness>("tests/unit/usage/usage.harness.ts");
});

const utf8 = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer as ArrayBuffer;
function scan(body: string, type = "application/json"): { usage: string; generated: number } {
  const found = usage.scan(utf8(body), type, []);
  return { usage: found, generated: Number(usage.generatedTokens()) };
}
const json = (value: unknown): number => scan(JSON.stringify(value)).generated;
const TEXT = "lorem ".repeat(100);

describe("an answer in a form of its own", () => {
  it.each<[string, unknown]>([
    ["reply", { id: "1", reply: TEXT }],
    ["[].summary_text", [{ summary_text: TEXT }]],
    ["[].translation_text", [{ translation_text: TEXT }]],
    ["result.response", { result: { response: TEXT }, success: true, errors: [], messages: [] }],
    ["anything.deep[].down", { anything: { deep: [{ down: TEXT }] } }],
    ["data.text", { code: 0, msg: "ok", data: { text: TEXT } }],
    ["response.anything", { response: { anything: [TEXT] } }],
    ["document", { document: TEXT }],
    ["arguments", { type: "response.function_call_arguments.done", arguments: TEXT }],
    ["transcript", { type: "response.output_audio_transcript.done", transcript: TEXT }],
  ])("has its text at %s", (_path, body) => {
    expect(json(body)).toBeGreaterThan(90);
    expect(json(body)).toBeLessThan(150);
  });

  it.each<[string, (ids: number[]) => unknown]>([
    ["llama.cpp's tokens", (tokens) => ({ content: "", tokens })],
    ["vLLM's choices[].token_ids", (token_ids) => ({ request_id: "1", choices: [{ index: 0, token_ids }] })],
  ])("may have nothing but the numbers of its tokens: %s", (_path, body) => {
    const ids = Array.from({ length: 100 }, (_, i) => 7 + i * 1_990);
    expect(json(body(ids))).toBeGreaterThan(90);
    expect(json(body(ids))).toBeLessThan(150);
    const events = ids.map((id) => `data: ${JSON.stringify(body([id]))}\n\n`).join("");
    expect(scan(events, "text/event-stream").generated).toBeGreaterThan(90);
  });

  it("is not made of other numbers", () => {
    const numbers = Array.from({ length: 100 }, (_, i) => i / 7);
    expect(
      json({ choices: [{ scores: numbers, index: 4 }], values: numbers, created: 1_700_000 }),
    ).toBeLessThan(20);
    expect(json({ embedding: [1, 0, 1], data: [{ embedding: Array(100).fill(1) }] })).toBe(0);
    expect(json({ completion_probabilities: [{ bytes: Array(100).fill(100) }] })).toBe(0);
    expect(json(5)).toBe(0);
  });

  it("may come in pieces", () => {
    const lines = Array.from({ length: 100 }, () => `{"reply":"lorem "}\n`).join("");
    expect(scan(lines, "application/x-ndjson").generated).toBeGreaterThan(90);
    expect(scan(lines.replace(/^/gm, "data: "), "text/event-stream").generated).toBeGreaterThan(90);
  });

  it("says nothing twice in the parts of a transcript", () => {
    expect(json({ text: TEXT, segments: [{ text: TEXT }], language: "la" })).toBeLessThan(150);
  });

  it.each<[string, unknown]>([
    ["what was asked", { instructions: TEXT, prompt: TEXT, input: TEXT, chat_history: [{ message: TEXT }] }],
    ["what was asked of a stored response", { response: { instructions: TEXT, tools: [TEXT] } }],
    ["vectors", { data: [{ embedding: TEXT }], embeddings: { base64: [TEXT], binary: [TEXT] } }],
    ["ids and names", { id: TEXT, model: TEXT, object: TEXT, system_fingerprint: TEXT, request_id: TEXT }],
    ["noise", { type: "x", obfuscation: TEXT, sequence_number: 7 }],
    ["an error", { error: { message: TEXT } }],
    ["what Cohere embeds and looks up", { texts: [TEXT], documents: [{ snippet: TEXT }] }],
    ["what is ranked", { results: [{ index: 0, document: { text: TEXT } }] }],
    ["what moderation looked at", { results: [{ category_applied_input_types: { violence: [TEXT] } }] }],
    ["the ids of runs and steps", { assistant_id: TEXT, delta: { run_id: TEXT }, choices: [{ x_id: TEXT }] }],
    ["where files are", { output: { video_url: TEXT }, data: { image_url: TEXT } }],
    ["Tencent's id and note", { Id: TEXT, Note: TEXT, note: TEXT, SearchInfo: { x: TEXT } }],
    ["what a guardrail found", { "amazon-bedrock-trace": { guardrail: { modelOutput: [TEXT] } } }],
    ["what was searched for", { web_search: [{ content: TEXT }], output: { search_info: { x: TEXT } } }],
    ["the tokens of the prompt", { choices: [{ prompt_logprobs: [{ 5: { decoded_token: TEXT } }] }] }],
    ["what a request calls itself", { safety_identifier: TEXT, prompt_cache_key: TEXT, trace_id: TEXT }],
    ["sound", { audio: TEXT, data: { audio: TEXT }, choices: [{ message: { audio: TEXT } }] }],
    ["a picture", { image: TEXT, artifacts: [{ base64: TEXT }], output: [{ content: [{ image: TEXT }] }] }],
  ])("does not have it in %s", (_what, body) => {
    expect(json(body)).toBe(0);
  });

  it.each(["run_ids", "_i", "xid", "text_urls", "audio"])(
    "has it at %s, which may not be left out",
    (name) => {
      expect(json({ [name]: { transcript: TEXT } })).toBeGreaterThan(90);
    },
  );

  it("reports its usage in result.usage, as Cloudflare's does", () => {
    const result = {
      response: "hello",
      usage: { prompt_tokens: 30, completion_tokens: 4, total_tokens: 34 },
    };
    const found = scan(JSON.stringify({ result, success: true })).usage;
    expect(found).toMatch(/^30 4 /);
  });
});
