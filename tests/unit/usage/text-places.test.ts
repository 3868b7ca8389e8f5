// Contract of assembly/usage/request-meter: what stands where models read text is text, whatever it looks like; only what a
// file stands in is taken for one.
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";
import { noise } from "../estimate/samples.ts";

interface Harness {
  tokens(body: ArrayBuffer, size: number, seed: number): bigint;
}

let meter: Harness;
beforeAll(async () => {
  meter = await loadHarness<Harness>("tests/unit/usage/request-meter.harness.ts");
});

/** The estimate for a body, the least of some seeds and ways to cut it. */
function tokens(body: string | Uint8Array): number {
  const bytes = Uint8Array.from(Buffer.from(body)).buffer;
  return Math.min(...[1, 2, 3].map((seed) => Number(meter.tokens(bytes, seed === 3 ? 1000 : 16_384, seed))));
}
const file = (size: number): string => noise(size, "places").toString("base64");

describe("base64 where models read text", () => {
  const places: [string, (text: string) => unknown][] = [
    ["messages[].content", (content) => ({ messages: [{ role: "user", content }] })],
    ["messages[].content[].text", (text) => ({ messages: [{ content: [{ type: "text", text }] }] })],
    ["prompt", (prompt) => ({ prompt })],
    ["input", (input) => ({ input })],
    [
      "function.parameters",
      (examples) => ({ tools: [{ function: { parameters: { properties: { x: { examples } } } } }] }),
    ],
    ["input_schema", (x) => ({ tools: [{ input_schema: { properties: { x: { default: x } } } }] })],
    ["contents[].parts[].text", (text) => ({ contents: [{ parts: [{ text }] }] })],
    [
      "functionResponse.response.result",
      (result) => ({ contents: [{ parts: [{ functionResponse: { name: "f", response: { result } } }] }] }),
    ],
    ["functionCall.args.data", (data) => ({ contents: [{ parts: [{ functionCall: { args: { data } } }] }] })],
    [
      "tool_use.input.file.bytes",
      (bytes) => ({ messages: [{ content: [{ type: "tool_use", input: { file: { bytes } } }] }] }),
    ],
    [
      "function.arguments.url",
      (url) => ({ messages: [{ tool_calls: [{ function: { arguments: { url } } }] }] }),
    ],
  ];
  it.each(places)("is text at %s, of any length, and behind other text", (_path, place) => {
    for (const size of [2300, 6000, 50_000]) {
      const text = file(size);
      for (const content of [text, `Look at this: ${text}`, `${text}\n${text}`]) {
        expect(tokens(JSON.stringify(place(content))), `${size}`).toBeGreaterThan(content.length * 0.45);
      }
    }
  });

  it("is text in a list behind an object that ends with a file", () => {
    const text = file(6000);
    for (const list of [
      [{ url: "x" }, text],
      [["a"], { image: "x" }, text],
    ]) {
      expect(tokens(JSON.stringify({ prompt: list }))).toBeGreaterThan(text.length * 0.45);
    }
  });

  it.each(places)("is text at %s if it is the same again and again", (_path, place) => {
    const text = "QUJDabcd0123+/Zz".repeat(3000);
    expect(tokens(JSON.stringify(place(text)))).toBeGreaterThan(text.length * 0.3);
  });
});

it("is text in a result, if it looks like words without blanks", () => {
  const result = "thequickbrownfoxjumpsoverthelazydog".repeat(200);
  expect(tokens(JSON.stringify({ input: [{ type: "x", result }] }))).toBeGreaterThan(result.length / 8);
});

describe("a file in a request", () => {
  it.each<[string, (data: string) => unknown]>([
    [
      "image_url",
      (data) => ({ messages: [{ content: [{ image_url: { url: `data:image/png;base64,${data}` } }] }] }),
    ],
    ["source.data", (data) => ({ messages: [{ content: [{ type: "image", source: { data } }] }] })],
    ["inlineData", (data) => ({ contents: [{ parts: [{ inlineData: { mimeType: "image/png", data } }] }] })],
    [
      "a tool's answer",
      (data) => ({
        contents: [{ parts: [{ functionResponse: { response: {}, parts: [{ inlineData: { data } }] } }] }],
      }),
    ],
    ["a picture that was made", (result) => ({ input: [{ type: "image_generation_call", result }] })],
    ["Responses", (data) => ({ input: [{ content: [{ image_url: `data:image/png;base64,${data}` }] }] })],
    ["Ollama", (data) => ({ messages: [{ content: "what is it?", images: [data] }] })],
    [
      "DashScope",
      (data) => ({ input: { messages: [{ content: [{ image: `data:image/png;base64,${data}` }] }] } }),
    ],
  ])("costs little: %s", (_place, body) => {
    expect(tokens(JSON.stringify(body(file(150_000))))).toBeLessThan(600);
  });
});

describe("a body in parts", () => {
  const part = (headers: string, content: Uint8Array | string): Buffer =>
    Buffer.concat([Buffer.from(`--x1y2\r\n${headers}\r\n\r\n`), Buffer.from(content), Buffer.from("\r\n")]);
  const END = Buffer.from("--x1y2--\r\n");
  const FIELD = 'Content-Disposition: form-data; name="prompt"';
  const FILE = 'Content-Disposition: form-data; name="file"; fileName="a.mp3"\r\nContent-Type: audio/mpeg';
  const english = Array.from({ length: 4000 }, (_, i) => `word${(i * 7919) % 1000} `).join("");

  it("has files only in parts with a file's name", () => {
    const gzip = gzipSync(english);
    const utf32 = Buffer.alloc(english.length * 4);
    [...english].forEach((c, i) => utf32.writeUInt32LE(c.charCodeAt(0), i * 4));
    for (const content of [gzip, utf32]) {
      const field = Buffer.concat([part(FIELD, content), END]);
      expect(tokens(field)).toBeGreaterThan(content.length / 4);
      const behind = Buffer.concat([part(FILE, noise(3000, "a")), part(FIELD, content), END]);
      expect(tokens(behind)).toBeGreaterThan(content.length / 4);
    }
  });

  it("costs little for the files in it, whatever their bytes", () => {
    const sound = noise(400_000, "sound");
    const body = Buffer.concat([
      part(FIELD, "what is said here?"),
      part(FILE, sound),
      part(FIELD, "hello"),
      END,
    ]);
    expect(tokens(body)).toBeLessThan(900);
    expect(tokens(body)).toBeGreaterThan(300);
  });
});
