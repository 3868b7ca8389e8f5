// Contract of assembly/usage/text-meter for what a model has generated: its estimate is that of the whole text.
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { describe, expect, it } from "vitest";
import { textIn } from "../estimate/samples.ts";
import { usage } from "./scanner.ts";

const ENGLISH = textIn("english");

function generated(body: string, type: string): number {
  usage.scanBy(Uint8Array.from(Buffer.from(body)).buffer, type, 16_384);
  return Number(usage.generatedTokens());
}
const inOnePiece = (content: string): number =>
  generated(JSON.stringify({ choices: [{ message: { role: "assistant", content } }] }), "application/json");
const inEvents = (content: string): number =>
  generated(
    (content.match(/[^]{1,9}/g) ?? [])
      .map((delta) => `data: ${JSON.stringify({ choices: [{ delta: { content: delta } }] })}\n\n`)
      .join(""),
    "text/event-stream",
  );

describe.each([
  ["an answer in one piece", inOnePiece],
  ["a stream", inEvents],
])("the text of %s", (_, tokens) => {
  it.each(["english", "chinese", "japanese", "code-python", "code-json", "russian"])(
    "costs what it is, beyond what is kept: %s",
    (language) => {
      const sample = textIn(language);
      const whole = sample.repeat(Math.ceil(60_000 / sample.length));
      expect(tokens(whole) / countTokens(whole)).toBeGreaterThan(0.8);
      expect(tokens(whole) / countTokens(whole)).toBeLessThan(1.25);
    },
  );

  it("costs what it is, wherever cheap text stands in it", () => {
    const half = ENGLISH.length >> 1;
    for (const filler of [" ", "\n", "\t", ".", "=", "-", "\r\n"]) {
      const run = filler.repeat(9_000);
      for (const content of [
        run + ENGLISH,
        ENGLISH + run,
        ENGLISH.slice(0, half) + run + ENGLISH.slice(half),
      ]) {
        expect(tokens(content)).toBeGreaterThan(0.8 * countTokens(ENGLISH));
      }
    }
  });

  it("costs what it is with text in front that passes for a file", () => {
    const run = Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * i * 31 + i) & 0xff)).toString(
      "base64",
    );
    expect(tokens(run + ENGLISH)).toBeGreaterThan(0.8 * countTokens(ENGLISH));
  });
});
