// What the tests for callers who want to pay less share: the estimate of a request's body, and text to hide in it, whose
// measure is o200k_base. What is looked at depends on a seed; here it is printed.
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { loadHarness } from "../../support/as.ts";
import { SEED } from "../../support/fuzz.ts";
import { textIn } from "../estimate/samples.ts";

interface Harness {
  tokens(body: ArrayBuffer, size: number, seed: number): bigint;
}

export const meter = await loadHarness<Harness>("tests/unit/usage/request-meter.harness.ts");
console.log(`FUZZ_SEED=${SEED}`);

export const CHUNK = 16_384;
const RUNS = 24;

/** The mean of the estimates for a body, of which a single one depends on where it is looked at. */
export function tokens(body: string | Buffer, size = CHUNK, runs = RUNS): number {
  const bytes = Uint8Array.from(Buffer.from(body)).buffer;
  let sum = 0;
  for (let i = 0; i < runs; ++i) sum += Number(meter.tokens(bytes, size, SEED + i));
  return sum / runs;
}

export const ENGLISH = textIn("english");
export const WORDS = ENGLISH.match(/[A-Za-z]+/g) ?? [];
export const ask = (content: unknown): string =>
  JSON.stringify({ model: "m", messages: [{ role: "user", content }] });
export const REST = ask(ENGLISH).slice(1);
export const WORTH = countTokens(ENGLISH);

const hex = (value: string): string => Buffer.from(value).toString("hex");
const base64 = (value: string, encoding: BufferEncoding = "utf8"): string =>
  Buffer.from(value, encoding).toString("base64");
/** A value in as many lists in lists. */
export const nested = (depth: number, inner: string): string => "[".repeat(depth) + inner + "]".repeat(depth);

/** Ways to write words so that they look like something else. */
export const WRITTEN: [string, (words: string[]) => string][] = [
  ["CamelCase", (words) => words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("")],
  [
    "CamelCase123",
    (words) => words.map((word, i) => word[0]!.toUpperCase() + word.slice(1) + (i % 1000)).join(""),
  ],
  ["snake_case", (words) => words.join("_")],
  ["kebab-case", (words) => words.join("-")],
  ["a/path", (words) => words.join("/")],
  ["a////path", (words) => words.join("////")],
  ["a-b_c/d+e", (words) => words.map((word, i) => word + "-_/+"[i % 4]!).join("")],
  ["CAPITALS1", (words) => words.map((word, i) => word.toUpperCase() + (i % 10)).join("")],
  [
    "eVeRy SeCoNd, with digits",
    (words) => [...words.join("7")].map((c, i) => (i % 2 ? c.toUpperCase() : c.toLowerCase())).join(""),
  ],
  [
    "a capital anywhere, with digits",
    (words) => [...words.join("X4")].map((c, i) => ((i * i * 7) % 5 < 2 ? c.toUpperCase() : c)).join(""),
  ],
  ["base64", (words) => base64(words.join(" "))],
  ["base64, begun one later", (words) => `Q${base64(words.join(" "))}`],
  ["base64 of UTF-16", (words) => base64(words.join(" "), "utf16le")],
  ["base64 of hexadecimal", (words) => base64(hex(words.join(" ")))],
  ["base64 of Chinese", () => base64(textIn("chinese"))],
  ["hexadecimal", (words) => hex(words.join(" "))],
  ["hexadecimal capitals", (words) => hex(words.join(" ")).toUpperCase()],
  ["backwards", (words) => [...words.join("")].reverse().join("")],
];
