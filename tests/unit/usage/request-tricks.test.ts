// Contract of assembly/usage/request-meter, for callers who want to pay less: however a prompt is wrapped, its estimate is
// about what the model reads, or more. The measure is o200k_base. What is looked at depends on a seed; here it is printed.
import { createHash } from "node:crypto";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";
import { fuzz, SEED } from "../../support/fuzz.ts";
import { noise, writtenSamples } from "../estimator/samples.ts";

interface Harness {
  tokens(body: ArrayBuffer, size: number, seed: number): bigint;
}

let meter: Harness;
beforeAll(async () => {
  meter = await loadHarness<Harness>("tests/unit/usage/request-meter.harness.ts");
  console.log(`FUZZ_SEED=${SEED}`);
});

const CHUNK = 16_384;
const RUNS = 24;

/** Letters that look like a file in base64, and are none: a prompt is text, whatever it looks like. */
it("charges a prompt of random letters as text", () => {
  const blocks = Array.from({ length: 600 }, (_, i) => createHash("sha256").update(String(i)).digest());
  const random = Buffer.concat(blocks).toString("base64");
  expect(tokens(ask(random))).toBeGreaterThan(random.length / 8);
  expect(tokens(ask([{ type: "text", text: random }]))).toBeGreaterThan(random.length / 8);
});

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

/** The mean of the estimates for a body, of which a single one depends on where it is looked at. */
function tokens(body: string | Buffer, size = CHUNK, runs = RUNS): number {
  const bytes = Uint8Array.from(Buffer.from(body)).buffer;
  let sum = 0;
  for (let i = 0; i < runs; ++i) sum += Number(meter.tokens(bytes, size, SEED + i));
  return sum / runs;
}

const text = (language: string): string =>
  writtenSamples()
    .filter((sample) => sample.language === language)
    .map((sample) => sample.text)
    .join("\n");
const ENGLISH = text("english");
const WORDS = ENGLISH.match(/[A-Za-z]+/g) ?? [];
const ask = (content: unknown): string =>
  JSON.stringify({ model: "m", messages: [{ role: "user", content }] });
const REST = ask(ENGLISH).slice(1);
const WORTH = countTokens(ENGLISH);

/** Says of one language what is in another. */
const hex = (value: string): string => Buffer.from(value).toString("hex");
const base64 = (value: string, encoding: BufferEncoding = "utf8"): string =>
  Buffer.from(value, encoding).toString("base64");
const swap = (value: Buffer): Buffer => Buffer.from(value).swap16();
const utf32 = (value: string): Buffer => {
  const bytes = Buffer.alloc(value.length * 4);
  for (let i = 0; i < value.length; ++i) bytes.writeUInt32LE(value.charCodeAt(i), i * 4);
  return bytes;
};
const nested = (depth: number, inner: string): string => "[".repeat(depth) + inner + "]".repeat(depth);
const nestedObjects = (depth: number, inner: string): string =>
  '{"a":'.repeat(depth) + inner + "}".repeat(depth);

describe("a body that not every reader of JSON takes is read, or counts by its size", () => {
  const json = `{${REST}`;
  const part = (headers: string, content: string | Buffer): Buffer =>
    Buffer.concat([
      Buffer.from(`--xyz\r\nContent-Disposition: form-data; ${headers}\r\n\r\n`),
      Buffer.from(content),
      Buffer.from("\r\n"),
    ]);
  it.each<[string, string | Buffer]>([
    ["lists in lists in front", `{"a":${nested(500, "1")},${REST}`],
    ["objects in objects in front", `{"a":${nestedObjects(3000, "1")},${REST}`],
    ["lists that never end in front", `{"a":${"[".repeat(500)},${REST}`],
    ["the text in lists in lists", `{"a":${nested(500, JSON.stringify(ENGLISH))}}`],
    ["each word in lists in lists", `{"a":${nested(80, WORDS.map((word) => JSON.stringify(word)).join())}}`],
    ["a byte order mark", `\ufeff${json}`],
    ["half a byte order mark", Buffer.concat([Buffer.from([0xef, 0xbb]), Buffer.from(json)])],
    ["two byte order marks", `\ufeff\ufeff${json}`],
    ["UTF-16", Buffer.from(json, "utf16le")],
    ["UTF-16 with a mark", Buffer.from(`\ufeff${json}`, "utf16le")],
    ["UTF-16, high bytes first", swap(Buffer.from(json, "utf16le"))],
    ["UTF-32", utf32(json)],
    ["NaN", `{"temperature":NaN,${REST}`],
    ["Infinity", `{"temperature":Infinity,${REST}`],
    ["-Infinity", `{"temperature":-Infinity,${REST}`],
    ["a hexadecimal number", `{"n":0x1,${REST}`],
    ["a number with a leading zero", `{"n":01,${REST}`],
    ["a number with a plus", `{"n":+1,${REST}`],
    ["a number that begins with its point", `{"n":.5,${REST}`],
    ["undefined", `{"n":undefined,${REST}`],
    ["True, as Python writes it", `{"stream":True,${REST}`],
    ["a comment", `/* */${json}`],
    ["a comment inside", `{/* */${REST}`],
    ["a comment to the end of the line", `{// \n${REST}`],
    ["a comment as of shells", `# \n${json}`],
    ["a trailing comma in front", `{"a":[1,],${REST}`],
    ["two commas", `{"a":1,,${REST}`],
    ["single quotes", `{'a':'b',${REST}`],
    ["a name without quotes", `{a:1,${REST}`],
    ["a semicolon", `{"a":1;${REST}`],
    ["a second text", `{}${json}`],
    ["a second text in its line", `1\n${json}`],
    ["a text after a string", `""${json}`],
    ["text before it", `)]}',\n${json}`],
    ["an open quote in front", `"${json}`],
    ["a control byte in a string", `{"a":"\u0001",${REST}`],
    ["a line end in a string", `{"a":"\n",${REST}`],
    ["an escape that there is not", `{"a":"\\x41",${REST}`],
    ["white space that JSON does not know", `{"a":1,\u00a0\v\f${REST}`],
    [
      "bytes that are not UTF-8",
      Buffer.concat([Buffer.from('{"a":"\xff\xfe', "latin1"), Buffer.from(`",${REST}`)]),
    ],
    ["a name twice", `{"messages":[],"messages":[],${REST}`],
    ["YAML", `model: m\nmessages:\n  - role: user\n    content: |\n${ENGLISH.replaceAll(/^/gm, "      ")}`],
    ["a form", `model=m&prompt=${encodeURIComponent(ENGLISH)}`],
    ["a form with plus signs", new URLSearchParams({ model: "m", prompt: ENGLISH }).toString()],
    ["plain text", ENGLISH],
    ["XML", `<request><prompt>${ENGLISH}</prompt></request>`],
    ["a body that ends inside the text", json.slice(0, -10)],
    ["a body in parts", Buffer.concat([part('name="model"', "m"), part('name="prompt"', ENGLISH)])],
    ["gzip", gzipSync(json)],
    ["deflate", deflateSync(json)],
    ["Brotli", brotliCompressSync(json)],
    ["a protobuf message", Buffer.concat([Buffer.from([0x0a, 0x80, 0x20]), Buffer.from(ENGLISH)])],
  ])("%s", (_, body) => {
    expect(tokens(body)).toBeGreaterThan(0.85 * WORTH);
    expect(tokens(body, 1000)).toBeGreaterThan(0.85 * WORTH);
  });
});

const WRITTEN: [string, (words: string[]) => string][] = [
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
  ["base64 of Chinese", () => base64(text("chinese"))],
  ["hexadecimal", (words) => hex(words.join(" "))],
  ["hexadecimal capitals", (words) => hex(words.join(" ")).toUpperCase()],
  ["backwards", (words) => [...words.join("")].reverse().join("")],
];

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

describe("cheap text does not make the other cheap", () => {
  const fillers: [string, string][] = [
    ["blanks", " "],
    ["equals signs", "="],
    ["dots", "."],
    ["tabs", "\t"],
    ["line ends", "\n"],
    ["dashes", "-"],
    ["one letter", "a"],
    ["digits", "0"],
    ["wide blanks", "\u3000"],
    ["zero-width blanks", "\u200b"],
    ["one word", " the"],
  ];
  for (const size of [2_000, 8_000, 100_000]) {
    it.each(fillers)(`${size} times %s`, (_, filler) => {
      const run = filler.repeat(size);
      const half = ENGLISH.length >> 1;
      for (const content of [
        run + ENGLISH,
        ENGLISH + run,
        ENGLISH.slice(0, half) + run + ENGLISH.slice(half),
        [run, ENGLISH],
        [
          { type: "text", text: run },
          { type: "text", text: ENGLISH },
        ],
      ]) {
        expect(tokens(ask(content))).toBeGreaterThan(0.8 * WORTH);
      }
    });
  }

  it("nor does it in pieces as long as those that are looked at", () => {
    for (const size of [64, 128, 256, 1024, 4096]) {
      const pieces = Array.from({ length: 60 }, (_, i) =>
        i % 2
          ? " ".repeat(size)
          : ENGLISH.slice((i * 50) % 3000)
              .slice(0, size)
              .padEnd(size, "go on "),
      );
      expect(tokens(ask(pieces.join("")))).toBeGreaterThan(0.8 * countTokens(pieces.join("")));
    }
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
    const chinese = text("chinese");
    const escaped = (value: string): string =>
      ask(value).replaceAll(/[^\0-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
    expect(tokens(escaped(chinese)) / tokens(ask(chinese))).toBeCloseTo(1, 0);
    const all = [...ENGLISH].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
    expect(tokens(`{"messages":[{"content":"${all}"}]}`)).toBeGreaterThan(0.85 * WORTH);
  });
});

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
    expect(tokens(`{a:1,"x":"${file}"}`)).toBeLessThan(900);
  });

  it("cost a token per kilobyte in a body in parts, as they are", () => {
    const body = Buffer.concat([
      Buffer.from('--xyz\r\nContent-Disposition: form-data; name="file"; filename="a.mp3"\r\n\r\n'),
      noise(3_000_000, "recording"),
      Buffer.from("\r\n--xyz--\r\n"),
    ]);
    // The headers of the parts are text, so that one estimate in thirty is more.
    const bytes = Uint8Array.from(body).buffer;
    const estimates = Array.from({ length: 25 }, (_, i) => Number(meter.tokens(bytes, CHUNK, SEED + i)));
    expect(estimates.sort((a, b) => a - b)[12]).toBeLessThan(3_300);
  });
});

describe("whatever is sent", () => {
  const FLOOR = 1 / 128;
  const letters = fc.string({ unit: "grapheme", maxLength: 60 });
  const piece = fc.oneof(
    letters,
    fc
      .tuple(fc.constantFrom(" ", "=", ".", "\t", "\n", "a", "-", "0", "~", "\r\n"), fc.nat(9000))
      .map(([c, n]) => c.repeat(n)),
    fc.tuple(fc.nat(3000), fc.constantFrom(0, 7, 900)).map(([from, n]) => ENGLISH.slice(from, from + n)),
    fc.nat(WRITTEN.length - 1).map((i) => WRITTEN[i]![1](WORDS.slice(i, i + 60))),
  );
  const content = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(""));
  const wrap = fc.constantFrom<(content: string) => string>(
    (value) => ask(value),
    (value) => ask([{ type: "text", text: value }]),
    (value) => `{"a":NaN,${ask(value).slice(1)}`,
    (value) => `{"a":${nested(70, JSON.stringify(value))}}`,
    (value) => `{}${ask(value)}`,
    (value) => `{'messages':'${value}'}`,
    (value) => ask(`data:image/png;base64,${value}`),
    (value) => JSON.stringify({ [value]: 0 }),
    (value) => `prompt=${value}`,
    (value) => `${ask(value).slice(0, -6)}`,
  );

  it("is at least a token for 128 bytes, the longest that a vocabulary knows", () => {
    fc.assert(
      fc.property(
        content,
        wrap,
        fc.integer({ min: 1, max: 20_000 }),
        fc.nat(),
        (value, wrapped, size, seed) => {
          const body = Uint8Array.from(Buffer.from(wrapped(value))).buffer;
          const estimate = Number(meter.tokens(body, size, seed));
          expect(estimate).toBeGreaterThanOrEqual(Math.floor(FLOOR * Buffer.byteLength(value)));
        },
      ),
      fuzz(600),
    );
  });

  it("neither traps nor counts for nothing, and is cut anywhere", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.string({ maxLength: 200 }).map((value) => Buffer.from(value)),
      fc.json().map((value) => Buffer.from(value)),
      fc
        .array(
          fc.constantFrom(
            '{"',
            '":',
            "[",
            "]",
            "}",
            ",",
            '"',
            "\\",
            "\\u00",
            "\ud83d",
            "1",
            "-",
            "null",
            " ",
            "--",
            "\ufeff",
          ),
        )
        .map((parts) => Buffer.from(parts.join(""))),
    );
    fc.assert(
      fc.property(
        fc.array(bytes, { maxLength: 8 }),
        fc.integer({ min: 1, max: 3000 }),
        fc.nat(),
        (parts, size, seed) => {
          const body = Buffer.concat([
            ...parts,
            ...Array.from({ length: seed % 3 }, () => Buffer.alloc(9000, "y")),
          ]);
          const estimate = Number(meter.tokens(Uint8Array.from(body).buffer, size, seed));
          expect(estimate).toBeLessThanOrEqual(3 * body.length);
          expect(estimate).toBeGreaterThanOrEqual(0);
        },
      ),
      fuzz(600),
    );
  });
});
