// Contract of assembly/usage/request-meter, for callers who want to pay less: a body that not every reader of JSON takes is
// estimated at about what a model reads of it, or more.
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ENGLISH, nested, REST, tokens, WORDS, WORTH } from "./request-estimate.ts";

const swap = (value: Buffer): Buffer => Buffer.from(value).swap16();
const utf32 = (value: string): Buffer => {
  const bytes = Buffer.alloc(value.length * 4);
  for (let i = 0; i < value.length; ++i) bytes.writeUInt32LE(value.charCodeAt(i), i * 4);
  return bytes;
};
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
