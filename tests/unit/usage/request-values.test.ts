// Contract of assembly/usage/request-meter, for callers who want to pay less: what a model reads besides strings counts, as
// names, numbers, literals and empty lists do.
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { describe, expect, it } from "vitest";
import { textIn } from "../estimate/samples.ts";
import { ask, ENGLISH, tokens, WORDS, WORTH } from "./request-estimate.ts";

describe("input without strings", () => {
  const used = (input: unknown): string =>
    JSON.stringify({
      messages: [{ role: "assistant", content: [{ type: "tool_use", id: "t", name: "f", input }] }],
    });
  const schema = (list: unknown[]): string =>
    JSON.stringify({
      tools: [
        { type: "function", function: { name: "f", parameters: { properties: { x: { enum: list } } } } },
      ],
    });
  it.each([
    ["rows of numbers", used(Array.from({ length: 10_000 }, () => ({ index: 123456, n: 654321 }))), 40_000],
    ["names that APIs have", used(Array.from({ length: 10_000 }, () => ({ query: 1 }))), 20_000],
    ["literals", schema(Array.from({ length: 20_000 }, (_, i) => [null, true, false][i % 3])), 20_000],
    ["empty lists", schema(Array.from({ length: 20_000 }, () => [])), 20_000],
  ])("costs at least a token for each value: %s", (_title, body, least) => {
    expect(tokens(body)).toBeGreaterThanOrEqual(least);
  });

  it("is not what settings of a request are", () => {
    const plain = { model: "m", messages: [{ role: "user", content: "hello" }] };
    const settings = {
      temperature: 0.7,
      max_tokens: 1000,
      n: 1,
      stream: true,
      stream_options: { include_usage: true },
    };
    expect(tokens(JSON.stringify({ ...plain, ...settings }))).toBe(tokens(JSON.stringify(plain)));
  });
});

describe("what models read besides strings", () => {
  it("counts in names", () => {
    const names = Object.fromEntries(WORDS.map((word, i) => [`${word} ${i % 9}`, 1]));
    const body = JSON.stringify({ tools: [{ function: { parameters: { properties: names } } }] });
    expect(tokens(body)).toBeGreaterThan(0.9 * countTokens(Object.keys(names).join("\n")));
  });

  it("counts in one long name", () => {
    expect(tokens(JSON.stringify({ [ENGLISH]: 1 }))).toBeGreaterThan(0.85 * WORTH);
    expect(tokens(JSON.stringify({ [ENGLISH]: 1 }), 100)).toBeGreaterThan(0.85 * WORTH);
  });

  it("counts as numbers of tokens", () => {
    const prompt = Array.from({ length: 5000 }, (_, i) => (i * 7919) % 200_000);
    expect(tokens(JSON.stringify({ model: "m", prompt }))).toBeGreaterThanOrEqual(5000);
    expect(tokens(JSON.stringify({ model: "m", prompt }))).toBeLessThan(5100);
    expect(tokens(JSON.stringify({ input: [prompt] }), 100)).toBeGreaterThanOrEqual(5000);
  });

  it("counts as long numbers", () => {
    expect(tokens(`{"n":${"123456789".repeat(1000)}}`)).toBeGreaterThanOrEqual(3000);
    expect(tokens(`{"n":${"123456789".repeat(1000)}}`, 70)).toBeGreaterThanOrEqual(3000);
  });

  it("counts as many small strings", () => {
    expect(tokens(ask(WORDS))).toBeGreaterThan(0.85 * countTokens(WORDS.join("\n")));
  });

  it("counts once, however it is escaped", () => {
    const chinese = textIn("chinese");
    const escaped = (value: string): string =>
      ask(value).replaceAll(/[^\0-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
    expect(tokens(escaped(chinese)) / tokens(ask(chinese))).toBeCloseTo(1, 0);
    const all = [...ENGLISH].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
    expect(tokens(`{"messages":[{"content":"${all}"}]}`)).toBeGreaterThan(0.85 * WORTH);
  });
});
