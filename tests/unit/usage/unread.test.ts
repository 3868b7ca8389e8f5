// Contract of assembly/usage: what cannot be read of a response is charged by its size, or as the text that it is, and not
// forgotten because something readable stands before it. Specified in assembly/usage/unread.ts, coding.ts and the framings.
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { awsMessage, bodyOf, FIXTURES } from "./fixtures.ts";
import { usage } from "./scanner.ts";

const bufferOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;
function generated(body: string | Uint8Array, type = ""): number {
  const bytes = bufferOf(typeof body === "string" ? Buffer.from(body) : body);
  usage.scan(bytes, type, []);
  const tokens = Number(usage.generatedTokens());
  expect(usage.hasUnread()).toBe(true);
  // However it is cut, it is charged: where it can be told, the same.
  for (const size of [1, 3, 50]) {
    usage.scanBy(bytes, type, size);
    expect(Number(usage.generatedTokens()) / tokens, `in pieces of ${size}`).toBeGreaterThan(0.8);
  }
  return tokens;
}

const WORDS = "lorem ipsum dolor sit amet ".repeat(100);
/** 500 words. */
const LEAST = 400;
const MOST = 900;

describe("text that is no JSON", () => {
  it.each<[string, string]>([
    ["text", WORDS],
    ["lines of text", WORDS.replaceAll("amet ", "amet\n")],
    ["text with lines like fields", `${WORDS}\nnote: this\ndata\nid\n`],
    ["text behind an event", `data: {}\n${WORDS}`],
    ["text before an event", `${WORDS}\n\ndata: {}\n\n`],
    ["a page", `<!doctype html><html><body>${WORDS}</body></html>`],
    ["XML", `<?xml version="1.0"?><answer>${WORDS}</answer>`],
    ["parts", `--b\r\nContent-Type: text/plain\r\n\r\n${WORDS}\r\n--b--`],
    ["a string", JSON.stringify(WORDS)],
    ["what begins like an object", `{ ${WORDS}`],
    ["what begins like an array", `[answer] ${WORDS}`],
    ["an object with something behind it", `{"a":1} ${WORDS}`],
    ["broken lines of JSON", `{"a":1}\n{${WORDS}\n{"b":1}\n`],
    ["an object of single quotes", `{'text': '${WORDS}'}`],
    ["YAML", `text: >\n  ${WORDS}`],
    ["events of words", WORDS.replaceAll(/(\S+) /g, "data: $1\n\n")],
  ])("is estimated as text: %s", (_what, body) => {
    const tokens = generated(body);
    expect(tokens).toBeGreaterThan(LEAST);
    expect(tokens).toBeLessThan(MOST);
  });

  it("is estimated where it stands in base64", () => {
    const bytes = Buffer.from(WORDS).toString("base64");
    const tokens = generated(
      new Uint8Array(awsMessage("chunk", JSON.stringify({ bytes }))),
      "application/vnd.amazon.eventstream",
    );
    expect(tokens).toBeGreaterThan(LEAST);
    expect(tokens).toBeLessThan(MOST);
  });
});

describe("what is no text", () => {
  const json = JSON.stringify({ choices: [{ message: { content: WORDS } }] });
  /** Bytes that look like nothing, the same each time. */
  const noise = Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * i * 31 + i * 7) & 255));

  it.each<[string, Uint8Array, string]>([
    ["gzip without its header", gzipSync(noise), "application/json"],
    ["deflate without its header", deflateSync(noise), ""],
    ["brotli without its header", brotliCompressSync(noise), ""],
    [
      "protobuf",
      Buffer.concat([Buffer.from([0x0a, 0xc8, 0x1f]), Buffer.from(WORDS)]),
      "application/x-protobuf",
    ],
    [
      "gRPC",
      Buffer.concat([Buffer.from([0, 0, 0, 0x0a, 0x8f, 0x0a, 0x8c, 0x15]), Buffer.from(WORDS)]),
      "application/grpc",
    ],
    ["UTF-16", Buffer.from(json, "utf16le"), "application/json; charset=utf-16"],
    ["UTF-16 with its mark", Buffer.from(`\ufeff${json}`, "utf16le"), ""],
    ["an event stream of AWS whose lengths make no sense", Buffer.concat([Buffer.alloc(12, 0), noise]), ""],
    [
      "an event stream of AWS that holds no JSON",
      new Uint8Array(awsMessage("chunk", `${"\u0001"}${WORDS}`)),
      "",
    ],
    ["text and then bytes", Buffer.concat([Buffer.from("answer: "), noise]), "text/plain"],
    ["JSON and then bytes", Buffer.concat([Buffer.from("{}"), noise]), ""],
  ])("counts by its size: %s", (_what, body, type) => {
    const tokens = generated(body, type);
    expect(tokens / body.length).toBeGreaterThan(0.15);
    expect(tokens / body.length).toBeLessThan(0.35);
  });

  it("counts little if it is sound or a picture, which are not billed by their bytes", () => {
    for (const type of ["audio/mpeg", "IMAGE/PNG", "video/mp4"]) {
      expect(generated(noise.subarray(0, 2048), type)).toBe(2);
    }
    expect(generated(noise, "text/audio/mpeg")).toBeGreaterThan(500);
  });

  it("counts as text what is said to be a picture or sound, and is text", () => {
    const words = Buffer.from("<svg>" + WORDS.repeat(10) + "</svg>");
    for (const type of ["image/svg+xml", "audio/mpeg"])
      expect(generated(words, type)).toBeGreaterThan(0.9 * generated(words, "text/plain"));
  });
});

describe("what can be read", () => {
  it("leaves nothing unread in any format, however it is cut", () => {
    // An agent's answer is text in base64.
    const broken = /malformed|broken|not-json|truncated|json-as-event|cut|deep|other-fields|bedrock-agent/;
    for (const fixture of FIXTURES.filter(({ file }) => !broken.test(file))) {
      const body = bodyOf(fixture).buffer;
      usage.scan(body, fixture.type, []);
      expect(usage.hasUnread(), fixture.file).toBe(false);
      usage.scanBy(body, fixture.type, 1);
      expect(usage.hasUnread(), `${fixture.file}, byte by byte`).toBe(false);
    }
  });

  it("may be empty, or blank", () => {
    for (const body of [
      "",
      "\n",
      "{}",
      "\n\n: a comment\n\n",
      "data: [DONE]\n\n",
      "event: ping\nid: 7\nretry: 3\n\n",
    ]) {
      for (const size of [1, 100]) {
        usage.scanBy(bufferOf(Buffer.from(body)), "text/event-stream", size);
        expect([usage.hasUnread(), Number(usage.generatedTokens())], JSON.stringify(body)).toEqual([
          false,
          0,
        ]);
      }
    }
  });
});

describe("a content encoding", () => {
  it.each([
    "gzip",
    "GZIP",
    " br ",
    "identity, gzip",
    "gzip,identity",
    "x-gzip",
    "Zstd",
    "deflate",
    "aws-chunked,\tbr",
  ])("compresses: %j", (encoding) => {
    expect(usage.compressed(encoding)).toBe(true);
  });

  it.each([
    "",
    "identity",
    "Identity",
    " IDENTITY ",
    "identity, identity",
    "none",
    "utf-8",
    "gzipped",
    "aws-chunked",
    ",",
  ])("does not compress: %j", (encoding) => {
    expect(usage.compressed(encoding)).toBe(false);
  });
});
