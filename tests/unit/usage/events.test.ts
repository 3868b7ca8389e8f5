// Contract of assembly/usage/event-template: an event that fits the last one tells what it would if it were read.
// Events fit only as long as they are not cut, so each stream is read event by event, and again byte by byte.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fuzz } from "../../support/fuzz.ts";
import { eventEnds } from "./fixtures.ts";
import { usage } from "./scanner.ts";

const TYPE = "text/event-stream";

function expectSame(stream: string): void {
  const bytes = new Uint8Array(Buffer.from(stream));
  const found = (read: () => string): string => {
    const counts = read();
    return `${counts}, text of ${usage.generatedTokens()} tokens`;
  };
  const slowly = found(() => usage.scanBy(bytes.buffer, TYPE, 1));
  expect(found(() => usage.scan(bytes.buffer, TYPE, eventEnds(bytes)))).toBe(slowly);
  expect(found(() => usage.scan(bytes.buffer, TYPE, []))).toBe(slowly);
}

/** Events of one shape, given what stands in the places marked by $. */
const stream = (shape: string, values: string[]): string =>
  values.map((value) => `data: ${shape.replaceAll("$", () => value)}\n\n`).join("");

const OPENAI = `{"id":"c","created":17,"choices":[{"index":0,"delta":{"content":$}}],"usage":null}`;
const BESIDE = `{"id":$,"created":17,"choices":[{"index":0,"delta":{"content":"four words of text"}}],"usage":null}`;
const COUNT = `{"choices":[{"index":0,"delta":{"content":"a text"}}],"usage":{"prompt_tokens":$}}`;
const UNREAD = `{"choices":[{"index":$,"delta":{"content":"a text"}}],"usage":{}}`;
const TWO = `{"choices":[{"delta":{"content":$,"reasoning_content":"and more of it"}},{"delta":{"content":$}}]}`;
const RESPONSES = `{"type":"response.output_text.delta","sequence_number":$,"delta":"some text","obfuscation":$}`;
/** Says again what the pieces before it have said. */
const WHOLE = `{"type":"response.content_part.done","part":{"type":"output_text","text":$}}`;
const SHAPES = [OPENAI, BESIDE, COUNT, UNREAD, TWO, RESPONSES, WHOLE];

/** JSON values, more or less. */
const VALUES = [
  ...[
    `"one"`,
    `"another one"`,
    `""`,
    `" "`,
    `"one",`,
    `"one", "b":"c"`,
    `"日本語のテキスト"`,
    `"\\n"`,
    `"a\\"b"`,
  ],
  ...[
    `"\\u00e9t\\u00e9"`,
    `"a\\x"`,
    `"\\"`,
    `"a\tb"`,
    `"a\nb"`,
    `"a`,
    `[`,
    `["x"]`,
    `[["x"]]`,
    `{"a":1}`,
    `}`,
    `null`,
  ],
  ...[
    `0`,
    `7`,
    `31`,
    `007`,
    `-3`,
    `1.5`,
    `1e3`,
    `12 `,
    ` 12`,
    `true`,
    `tru`,
    ``,
    `"30"`,
    `"long ${"word ".repeat(1000)}"`,
  ],
];

describe("events that fit the last one", () => {
  it("are as if they were read, whatever varies", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            shape: fc.constantFrom(...SHAPES),
            values: fc.array(
              fc.oneof(
                fc.constantFrom(...VALUES),
                fc.string().map((text) => JSON.stringify(text)),
              ),
              { maxLength: 6 },
            ),
          }),
          { maxLength: 4 },
        ),
        (parts) => expectSame(parts.map(({ shape, values }) => stream(shape, values)).join("")),
      ),
      fuzz(2000),
    );
  });

  it("are as if they were read once so much text has passed that only its size counts", () => {
    const words = Array.from({ length: 700 }, (_, i) =>
      JSON.stringify(`word ${i} of\n${"x".repeat(i % 19)}`),
    );
    for (const shape of [OPENAI, TWO]) expectSame(stream(shape, words));
  });

  it("are read where their text stands in an array, which has no name of its own", () => {
    expectSame(stream(OPENAI, [`["x"]`, `["x"]`, `["lorem ipsum dolor"]`, `"one"`]));
  });

  it("are read where their text repeats what came before", () => {
    const pieces = stream(RESPONSES, ["1", "2", "3", "4"]);
    expectSame(pieces + stream(WHOLE, [`"some text"`, `"some text"`, `"some text and more than that"`]));
  });

  it("are pieces, of which a later event may repeat some", () => {
    const beside = stream(BESIDE, [`""`, `"one", "b":"words of"`]);
    expectSame(stream(OPENAI, [`""`]) + beside);
  });

  it("may be of more values and bytes than are kept", () => {
    const many = `{"a":[${'"b",'.repeat(60)}1],"choices":[{"delta":{"content":$}}]}`;
    const long = `{"a":"${"b".repeat(1100)}","choices":[{"delta":{"content":$}}]}`;
    const texts = `{"choices":[${'{"delta":{"content":$}},'.repeat(9)}{}]}`;
    for (const shape of [many, long, texts]) expectSame(stream(shape, [`"x"`, `"yy"`, `"yy"`, `"zzz zzz"`]));
  });

  it("may end in any line end, or go on in another line", () => {
    for (const end of [
      "\n",
      "\r\n",
      "\r",
      "\n\n\n",
      "\r\r",
      "\ndata: 1\n\n",
      ' {"usage":{"prompt_tokens":1}}\n\n',
    ]) {
      const line = (text: string): string => `data: ${OPENAI.replace("$", () => JSON.stringify(text))}`;
      expectSame(["a b", "c d", "e f g"].map((text) => line(text) + end).join(""));
    }
  });
});
