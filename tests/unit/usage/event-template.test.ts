// Contract of assembly/usage/event-template: what fits would have been read in the same way. Streams of events that are
// alike are read with the template, and byte by byte, where no event ever fits; both must tell the same.
import fc from "fast-check";
import { expect, it } from "vitest";
import { fuzz } from "../../support/fuzz.ts";
import { eventEnds } from "./fixtures.ts";
import { usage } from "./scanner.ts";

const TYPE = "text/event-stream";

/** A place where JSON allows white space, and one where a value varies between the events. */
const BLANK = "\u0001";
const VALUE = "\u0002";
/** A name that varies. */
const NAME = "\u0003";

/** JSON with blanks everywhere that the grammar allows them. */
function spaced(json: string): string {
  const inside = json.replaceAll(
    /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g,
    (token) => `${token}${BLANK}`,
  );
  return BLANK + inside;
}

const NAMES = [
  "usage",
  "prompt_tokens",
  "completion_tokens",
  "total_tokens",
  "input_tokens",
  "content",
  "id",
  "n",
  "type",
];
const name = fc.oneof(
  fc.constantFrom(...NAMES),
  fc.constantFrom(
    "prompt\\u005ftokens",
    "us\\u0061ge",
    "",
    "\\\\",
    'quo\\"te',
    "prompt_tokens2",
    "prompt_token",
  ),
);
const scalar = fc.oneof(
  fc.constantFrom(
    "0",
    "7",
    "1000",
    "12345678901",
    "99999999999999999999",
    "-1",
    "1.5",
    "1e3",
    "1E+2",
    "-0",
    "0.0",
  ),
  fc.constantFrom("true", "false", "null"),
  fc.constantFrom(
    '""',
    '"a"',
    '"1000"',
    '"\\n"',
    '"\\u0041"',
    '"\\ud83d\\ude00"',
    '"\\/"',
    '"\\\\"',
    '"a\\"b"',
  ),
  fc.string({ maxLength: 12 }).map((text) => JSON.stringify(text)),
);
const anyValue = fc.letrec<{ value: string; object: string; list: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthIdentifier: "value" },
    { weight: 4, arbitrary: fc.oneof(scalar, fc.constant(VALUE)) },
    { weight: 1, arbitrary: tie("object") },
    { weight: 1, arbitrary: tie("list") },
  ),
  object: fc
    .array(fc.tuple(name, tie("value")), { maxLength: 3, depthIdentifier: "value" })
    .map((members) => `{${members.map(([key, value]) => `"${key}":${value}`).join()}}`),
  list: fc
    .array(tie("value"), { maxLength: 3, depthIdentifier: "value" })
    .map((values) => `[${values.join()}]`),
})).value;

/** Events of the APIs, with places for values, and for members that nobody knows. */
const shape = fc
  .tuple(
    fc.constantFrom(
      `{"id":${VALUE},"choices":[{"index":${VALUE},"delta":{"content":${VALUE},"x":$}}],"usage":$}`,
      `{"choices":[{"delta":{"content":${VALUE}}}],"usage":{"prompt_tokens":${VALUE},"completion_tokens":${VALUE}},"x":$,"y":$}`,
      `{"choices":[{"delta":{"reasoning_content":${VALUE},"content":${VALUE}},"x":$}],"created":${VALUE},"${NAME}":{"prompt_tokens":${VALUE},"y":$}}`,
      `{"type":"content_block_delta","index":${VALUE},"delta":{"type":"text_delta","text":${VALUE}},"x":$,"y":$}`,
      `{"type":${VALUE},"usage":{"input_tokens":${VALUE},"output_tokens":${VALUE},"iterations":$},"delta":$}`,
      `{"type":"response.output_text.delta","sequence_number":${VALUE},"delta":${VALUE},"response":{"id":$,"usage":$}}`,
      `{"candidates":[{"content":{"parts":[{"text":${VALUE},"x":$}]}}],"usageMetadata":{"promptTokenCount":${VALUE},"y":$}}`,
      `{"message":{"content":${VALUE},"x":$},"done":false,"eval_count":${VALUE},"prompt_eval_count":$}`,
      `{"${NAME}":{"prompt_tokens":1,"${NAME}":$},"choices":[{"delta":{"content":${VALUE}}}],"usage":$}`,
    ),
    anyValue,
    anyValue,
  )
  .map(([text, first, second]) => {
    let index = 0;
    return spaced(text.replaceAll("$", () => (index++ === 0 ? first : second)));
  });

const blank = fc.oneof(
  { weight: 8, arbitrary: fc.constant("") },
  { weight: 3, arbitrary: fc.constantFrom(" ", "\t", "\n", "\r", "\r\n", "  ", " \t", "\t\t") },
);
interface Event {
  blanks: string[];
  values: string[];
  names: string[];
  reblanked: boolean;
  cut: number | null;
}
/** One event of a shape: mostly as the one before, so that it may fit. */
const event: fc.Arbitrary<Event> = fc.record({
  blanks: fc.array(blank, { maxLength: 40 }),
  values: fc.array(fc.oneof(scalar, fc.constantFrom('"word"', "3", "1000")), { minLength: 1, maxLength: 8 }),
  names: fc.array(name, { minLength: 1, maxLength: 2 }),
  reblanked: fc.boolean(),
  cut: fc.option(fc.nat(200), { freq: 12 }),
});

function written(text: string, events: Event[], lineEnd: string, space: string): string {
  let blanks: string[] = [];
  return events
    .map(({ blanks: own, values, names, reblanked, cut }, i) => {
      if (i === 0 || reblanked) blanks = own;
      let atBlank = 0;
      let atValue = 0;
      let atName = 0;
      const json = text
        .replaceAll(BLANK, () => blanks[atBlank++ % (blanks.length || 1)] ?? "")
        .replaceAll(NAME, () => names[atName++ % names.length]!)
        .replaceAll(VALUE, () => values[atValue++ % values.length]!);
      const whole = cut === null ? json : json.slice(0, cut);
      // A line end in the data begins another line of it.
      const data = whole.split(/\r\n|\n|\r/).map((line) => `data:${space}${line}${lineEnd}`);
      return data.join("") + lineEnd;
    })
    .join("");
}

it("reports for an event like the last one what reading it would, whatever differs and wherever the bytes are cut", () => {
  fc.assert(
    fc.property(
      shape,
      fc.array(event, { minLength: 2, maxLength: 5 }),
      fc.constantFrom("\n", "\r\n", "\r"),
      fc.constantFrom("", " "),
      fc.array(fc.nat(4000), { maxLength: 3 }),
      (text, events, lineEnd, space, cuts) => {
        const bytes = new Uint8Array(Buffer.from(written(text, events, lineEnd, space)));
        const found = (read: () => string): string => `${read()}, text of ${usage.generatedTokens()} tokens`;
        const expected = found(() => usage.scanBy(bytes.buffer, TYPE, 1));
        const sorted = [...new Set(cuts)].filter((cut) => cut < bytes.length).sort((a, b) => a - b);
        expect(found(() => usage.scan(bytes.buffer, TYPE, []))).toBe(expected);
        expect(found(() => usage.scan(bytes.buffer, TYPE, eventEnds(bytes)))).toBe(expected);
        expect(found(() => usage.scan(bytes.buffer, TYPE, sorted))).toBe(expected);
      },
    ),
    fuzz(12_000),
  );
});

it.each([" ", "\t", " \t", "\t "])(
  "takes no name for a value, with %j between it and its colon",
  (blanks) => {
    const event = (name: string): string =>
      `data: {"choices":[{"delta":{"content":"a word"}}],"${name}"${blanks}:{"prompt_tokens":1000}}\n\n`;
    const bytes = new Uint8Array(Buffer.from(event("unread") + event("usage")));
    expect(usage.scan(bytes.buffer, TYPE, [])).toContain("1000");
  },
);
