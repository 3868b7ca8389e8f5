// Contract of assembly/usage/request-meter, for callers who want to pay less: a file is cheap, and text is not taken for one,
// however it is written or wrapped.
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { SEED } from "../../support/fuzz.ts";
import { noise } from "../estimate/samples.ts";
import { ask, CHUNK, ENGLISH, meter, tokens, WORDS, WORTH, WRITTEN } from "./request-estimate.ts";

/** Letters that look like a file in base64, and are none: a prompt is text, whatever it looks like. */
it("charges a prompt of random letters as text", () => {
  const blocks = Array.from({ length: 600 }, (_, i) => createHash("sha256").update(String(i)).digest());
  const random = Buffer.concat(blocks).toString("base64");
  expect(tokens(ask(random))).toBeGreaterThan(random.length / 8);
  expect(tokens(ask([{ type: "text", text: random }]))).toBeGreaterThan(random.length / 8);
});

describe("text is not taken for a file", () => {
  const places: [string, (value: string) => unknown][] = [
    ["as a message", (value) => ask(value)],
    ["as a data URL", (value) => ask(`data:image/png;base64,${value}`)],
    [
      "as the data of a document",
      (value) => ask([{ type: "document", source: { type: "text", media_type: "text/plain", data: value } }]),
    ],
    [
      "as the URL of a picture",
      (value) => ask([{ type: "image_url", image_url: { url: `data:image/png;base64,${value}` } }]),
    ],
    [
      "under a name of its own",
      (value) => JSON.stringify({ tools: [{ function: { parameters: { x: value } } }] }),
    ],
    [
      "behind the letters of a file",
      (value) => ask(noise(1200, "front").toString("base64").replaceAll("=", "") + value),
    ],
    ["behind a name that is not JSON's", (value) => `{a:1,"content":"${value}"}`],
  ];
  for (const [place, body] of places) {
    it.each(WRITTEN)(`${place}: %s`, (_, write) => {
      const value = write(WORDS.slice(0, 1500));
      // What a model reads of it: at least a token for eight bytes.
      expect(tokens(body(value) as string)).toBeGreaterThan(0.75 * (value.length / 8));
    });
  }

  it.each([300, 330, 1000, 20_000, 200_000])("%i letters of a file in front of it, or behind it", (size) => {
    const file = noise(size, "front").toString("base64").slice(0, size);
    for (const content of [file + ENGLISH, `${file} ${ENGLISH}`, ENGLISH + file]) {
      for (const body of [
        ask(content),
        ask([{ text: content }]),
        ask([{ type: "text", data: content }]),
        ask(`data:image/png;base64,${content}`),
      ]) {
        expect(tokens(body, CHUNK, 200)).toBeGreaterThan(0.8 * WORTH);
      }
    }
  });
});

/**
 * The estimate in the middle. Outside JSON nothing tells where a file begins: when the piece that is looked at holds what
 * stands in front of it or behind it, as one in thirty to fifty does, all of its stretch counts as text, which is so much
 * that a mean tells nothing.
 */
function middle(body: string | Buffer): number {
  const bytes = Uint8Array.from(Buffer.from(body)).buffer;
  const estimates = Array.from({ length: 25 }, (_, i) => Number(meter.tokens(bytes, CHUNK, SEED + i)));
  return estimates.sort((a, b) => a - b)[12]!;
}

describe("honest files", () => {
  const wave = (): Buffer => {
    const samples = Buffer.alloc(44 + 160_000);
    samples.write("RIFF\0\0\0\0WAVEfmt ", "latin1");
    for (let i = 0; i < 80_000; ++i)
      samples.writeInt16LE(Math.round(900 * Math.sin(i / 9) + 200 * Math.sin(i / 2)), 44 + 2 * i);
    return samples;
  };
  const FILES: [string, Buffer][] = [
    ["a picture", noise(200_000, "picture")],
    ["a recording", wave()],
    ["silence", Buffer.alloc(100_000)],
    [
      "a document",
      Buffer.concat([
        Buffer.from("%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n".repeat(20)),
        noise(150_000, "pdf"),
      ]),
    ],
  ];
  const places: [string, (file: Buffer) => unknown][] = [
    [
      "OpenAI's image_url",
      (file) => [
        { type: "image_url", image_url: { url: `data:image/png;base64,${file.toString("base64")}` } },
      ],
    ],
    [
      "OpenAI's Responses",
      (file) => [{ type: "input_image", image_url: `data:image/png;base64,${file.toString("base64")}` }],
    ],
    [
      "OpenAI's input_audio",
      (file) => [{ type: "input_audio", input_audio: { data: file.toString("base64"), format: "wav" } }],
    ],
    [
      "OpenAI's file_data",
      (file) => [
        {
          type: "file",
          file: { filename: "a", file_data: `data:application/pdf;base64,${file.toString("base64")}` },
        },
      ],
    ],
    [
      "Anthropic's source",
      (file) => [
        { type: "image", source: { type: "base64", media_type: "image/png", data: file.toString("base64") } },
      ],
    ],
    [
      "Gemini's inline_data",
      (file) => [{ inline_data: { mime_type: "image/png", data: file.toString("base64") } }],
    ],
    ["base64url", (file) => [{ inline_data: { mime_type: "image/png", data: file.toString("base64url") } }]],
    ["Ollama's images", (file) => [{ images: [file.toString("base64")] }]],
  ];
  for (const [name, file] of FILES) {
    it.each(places)(`${name} in %s costs a token per kilobyte`, (_, place) => {
      const size = (file.length * 4) / 3;
      expect(tokens(ask(place(file)))).toBeLessThan(size / 1024 + 200);
      expect(tokens(ask(place(file)))).toBeGreaterThan(size / 1024 - 5);
    });
  }

  it("cost a token per kilobyte where there is nothing but the data URL, too", () => {
    const file = `data:image/jpeg;base64,${noise(200_000, "picture").toString("base64")}`;
    expect(tokens(ask(file))).toBeLessThan(450);
    expect(tokens(`{"x":"${file}"}`)).toBeLessThan(450);
    expect(middle(`{a:1,"x":"${file}"}`)).toBeLessThan(450);
  });

  it("cost a token per kilobyte in a body in parts, as they are", () => {
    const body = Buffer.concat([
      Buffer.from('--xyz\r\nContent-Disposition: form-data; name="file"; filename="a.mp3"\r\n\r\n'),
      noise(3_000_000, "recording"),
      Buffer.from("\r\n--xyz--\r\n"),
    ]);
    expect(middle(body)).toBeLessThan(3_300);
  });
});
