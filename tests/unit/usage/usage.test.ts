// Contract of assembly/usage: what a response reports is found whatever its format, and however its bytes are cut.
// Specified by the providers' documents that assembly/usage/formats.ts names; the framings in the heads of sse.ts,
// texts.ts and eventstream.ts there.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { awsMessage, bodyOf, eventEnds, FIXTURES, printed, random } from "./fixtures.ts";
import { usage, utf8 } from "./scanner.ts";

const scan = (text: string, type = "application/json"): string => usage.scan(utf8(text), type, []);

describe("formats", () => {
  it("have exactly the fixtures that are in the folder", () => {
    const files = readdirSync(join(import.meta.dirname, "../../fixtures/usage")).sort();
    expect(FIXTURES.map((fixture) => fixture.file).sort()).toEqual(files);
  });

  it.each(FIXTURES)("are read: $file reports $expected", (fixture) => {
    const bytes = bodyOf(fixture);
    const body = bytes.buffer;
    const expected = printed(fixture.expected);
    expect(usage.scan(body, fixture.type, [])).toBe(expected);
    expect(usage.scan(body, fixture.type, eventEnds(bytes)), "per event").toBe(expected);
    expect(usage.scanBy(body, fixture.type, 16384), "in 16 KB").toBe(expected);
    expect(usage.scanBy(body, fixture.type, 1), "byte by byte").toBe(expected);
    expect(usage.firstWrongCut(body, fixture.type, expected), "cut in two").toBe(-1);
  });

  it("are recognised without a content type, and with a wrong one", () => {
    for (const fixture of FIXTURES) {
      // A text that is malformed ends with its line only where lines are announced, or one has been read.
      const body = bodyOf(fixture).buffer;
      expect(usage.scan(body, "", []), fixture.file).toBe(printed(fixture.expected));
      if (fixture.file.endsWith(".aws.json")) continue;
      expect(usage.scan(body, "text/plain", []), fixture.file).toBe(printed(fixture.expected));
    }
  });
});

describe("framings", () => {
  const sse = (text: string): string => scan(text, "text/event-stream");
  const report = '{"usage":{"prompt_tokens":1,"completion_tokens":2}}';

  it("end an event at its blank line, even if its text is incomplete", () => {
    expect(sse(`data: {"a":\n\ndata: ${report}\n\n`)).toBe(printed("1 2"));
  });

  it("join the data lines of an event with a line end, so that no number goes on across lines", () => {
    expect(sse(`data: {"usage":{"prompt_tokens":1\ndata: 2}}\n\n`)).toBe("none");
    expect(sse(`data: {"usage":{"prompt_tokens":12\ndata: }}\n\n`)).toBe(printed("12 0"));
  });

  it("read each element of a root array as a text, but not those of an array inside it", () => {
    expect(scan(`[${report}]`)).toBe(printed("1 2"));
    expect(scan(`[[${report}]]`)).toBe("none");
  });

  it("stop reading an AWS event stream whose lengths make no sense", () => {
    const message = (total: number, headers: number, payload: string): ArrayBuffer => {
      const bytes = Buffer.alloc(12 + headers + payload.length + 4);
      bytes.writeUInt32BE(total, 0);
      bytes.writeUInt32BE(headers, 4);
      bytes.write(payload, 12 + headers);
      return new Uint8Array(bytes).buffer;
    };
    const type = "application/vnd.amazon.eventstream";
    expect(usage.scan(message(16 + 8 + report.length, 8, report), type, [])).toBe(printed("1 2"));
    expect(usage.scan(message(16 + report.length, 0, report), type, [])).toBe(printed("1 2"));
    expect(usage.scan(message(10, 12, report), type, [])).toBe("none");
    expect(usage.scan(message(15, 0, report), type, [])).toBe("none");
    expect(usage.scan(message(0x7fffffff, 0, report), type, [])).toBe("none");
  });

  it("read base64 with line breaks, but only if it decodes to JSON", () => {
    const type = "application/vnd.amazon.eventstream";
    const event = (bytes: string): ArrayBuffer =>
      awsMessage("chunk", Buffer.from(JSON.stringify({ bytes })).toString("utf8"));
    const base64 = Buffer.from(report).toString("base64");
    expect(usage.scan(event(base64.replace(/.{10}/g, "$&\r\n")), type, [])).toBe(printed("1 2"));
    expect(usage.scan(event(Buffer.from(`So: ${report}`).toString("base64")), type, [])).toBe("none");
    expect(usage.scan(awsMessage("chunk", '{"bytes":12}'), type, [])).toBe("none");
  });
});

describe("reports", () => {
  it.each([
    [`{"usage":{"prompt_tokens":3,"completion_tokens":4},"prompt_eval_count":50,"eval_count":60}`, "50 60"],
    [`{"prompt_eval_count":50,"usage":{"prompt_tokens":3,"completion_tokens":4},"eval_count":60}`, "50 60"],
    [`{"usage":{"prompt_tokens":3},"eval_count":60}`, "3 60"],
  ])("at the root and inside it are merged, whichever comes first: %s", (body, expected) => {
    expect(scan(body)).toBe(printed(expected));
  });

  it("use the larger of two numbers for one count", () => {
    expect(
      scan(
        '{"usage":{"inputTokens":5,"cacheReadInputTokens":9,"cacheReadInputTokenCount":0,"outputTokens":1}}',
      ),
    ).toBe(printed("14 1 cached 9"));
  });

  it("do not keep the total of an earlier report", () => {
    const events = [
      '{"prompt_tokens":10,"completion_tokens":50,"total_tokens":60}',
      '{"completion_tokens":5}',
    ];
    expect(scan(events.map((u) => `data: {"usage":${u}}\n\n`).join(""))).toBe(printed("10 5"));
  });

  it("are not found by the end of a long name, or in the end of a long number", () => {
    const x = "x".repeat(70);
    const name = utf8(`{"${x}usage":{"prompt_tokens":1}}`);
    expect(usage.firstWrongCut(name, "", "none")).toBe(-1);
    const number = utf8(`{"usage":{"prompt_tokens":${"1".repeat(70)}}}`);
    expect(usage.firstWrongCut(number, "", printed("1099511627776 0 clamped"))).toBe(-1);
  });

  it("flag a number in a string", () => {
    expect(scan('{"usage":{"prompt_tokens":"30"}}')).toBe(printed("30 0 clamped"));
  });
});

describe("headers", () => {
  const headers = ["x-amzn-bedrock-input-token-count: 21", "x-amzn-bedrock-output-token-count: 8"];

  it("count if the body reports nothing", () => {
    const body = utf8('{"outputs":[{"text":"Hi"}]}');
    expect(usage.scanWithHeaders(body, "application/json", headers)).toBe(printed("21 8"));
    expect(usage.scanWithHeaders(body, "application/json", ["x-amzn-bedrock-input-token-count: x"])).toBe(
      "none",
    );
    expect(usage.scanWithHeaders(body, "application/json", ["x-amzn-bedrock-input-token-count: -4"])).toBe(
      printed("0 0 clamped"),
    );
  });

  it("do not count if the body reports usage, or for the next response", () => {
    const body = utf8('{"usage":{"input_tokens":4,"output_tokens":8,"cache_read_input_tokens":17}}');
    expect(usage.scanWithHeaders(body, "application/json", headers)).toBe(printed("21 8 cached 17"));
    expect(scan("{}")).toBe("none");
  });
});

describe("counts", () => {
  it("may be whole numbers in any notation", () => {
    for (const text of [
      "0",
      "-0",
      "0.0",
      "0e5",
      "1",
      "12.000",
      "1e3",
      "1E+3",
      "1.5e1",
      "1200e-2",
      "1099511627776",
    ]) {
      expect(usage.count(text), text).toBe(String(Number(text) + 0));
    }
  });

  it("are adjusted if they are other numbers", () => {
    expect(usage.count("1.0000001")).toBe("2 clamped");
    expect(usage.count("1e-400")).toBe("1 clamped");
    expect(usage.count("1099511627777")).toBe("1099511627776 clamped");
    expect(usage.count("9".repeat(64))).toBe("1099511627776 clamped");
    expect(usage.count("9".repeat(65))).toBe("1099511627776 clamped");
    expect(usage.count("1e999999999999")).toBe("1099511627776 clamped");
    expect(usage.count("-1")).toBe("0 clamped");
    expect(usage.count("-0.5")).toBe("0 clamped");
  });

  it("are ignored if they are not numbers", () => {
    for (const text of ["", "-", "x", "1x", "1e", "1e+", ".", "-.", "1.2.3", "0x10", " 1", "1 "]) {
      expect(usage.count(text), text).toBe("no count clamped");
    }
  });

  it("agree with JavaScript's numbers", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e12, noNaN: true }), (value) => {
        const expected = Math.ceil(value);
        fc.pre(Object.is(Number(String(value)), value) && !Object.is(value, -0));
        const text = String(value);
        expect(usage.count(text)).toBe(Number.isInteger(value) ? `${value}` : `${expected} clamped`);
      }),
    );
  });

  it("of many reports do not overflow", () => {
    const line = '{"result":{"message":{"usage":{"input_tokens":1e12,"output_tokens":1e12}}}}\n';
    expect(scan(line.repeat(3))).toBe("1099511627776 1099511627776 cached 0 written 0 reasoning 0");
  });
});

describe("scanners", () => {
  it("take little memory, and free all of it", () => {
    const body = utf8('data: {"usage":{"prompt_tokens":1}}\n\n');
    usage.churn(100, body);
    const before = usage.pages();
    usage.churn(10_000, body);
    expect(usage.pages()).toBe(before);
  });
});

describe("any bytes", () => {
  const bodies = FIXTURES.map((fixture) => ({ type: fixture.type, bytes: bodyOf(fixture) }));
  const tokens = [
    '"usage":',
    "{",
    "}",
    "[",
    "]",
    '"',
    "\\",
    ",",
    ":",
    "null",
    "\n",
    "\r",
    "\n\ndata: ",
    "-",
    "9",
    "\u0000",
  ];

  /** A fixture with a few bytes changed, cut out, doubled, or replaced by something that has a meaning. */
  function mutate(bytes: Uint8Array, next: () => number): Uint8Array<ArrayBuffer> {
    let body = Buffer.from(bytes);
    for (let edits = 1 + Math.floor(next() * 4); edits > 0; --edits) {
      const at = Math.floor(next() * (body.length + 1));
      const size = Math.floor(next() ** 3 * 40);
      const insert = [
        Buffer.from([Math.floor(next() * 256)]),
        Buffer.from(tokens[Math.floor(next() * tokens.length)] ?? ""),
        body.subarray(at, at + size),
        Buffer.alloc(0),
      ][Math.floor(next() * 4)];
      const removed = next() < 0.5 ? 0 : size;
      body = Buffer.concat([body.subarray(0, at), insert ?? Buffer.alloc(0), body.subarray(at + removed)]);
    }
    return new Uint8Array(body);
  }

  it("do not trap, count the same however they are cut, and take no memory", () => {
    const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000_000);
    const runs = Number(process.env.FUZZ_RUNS ?? 4000);
    console.log(`FUZZ_SEED=${seed} FUZZ_RUNS=${runs}`);
    const next = random(seed);
    // What the calls themselves need, which bring bodies in and results out, has room from the beginning.
    const largest = Math.max(...bodies.map(({ bytes }) => bytes.length));
    usage.scan(new ArrayBuffer(8 * largest), "", []);
    const pages = usage.pages();
    for (let run = 0; run < runs; ++run) {
      const { bytes, type } = bodies[run % bodies.length] ?? { bytes: new Uint8Array(0), type: "" };
      const body = mutate(bytes, next);
      const cuts = [next(), next(), next()]
        .map((n) => Math.floor(n * (body.length + 1)))
        .sort((a, b) => a - b);
      const whole = usage.scan(body.buffer, type, []);
      const cut = usage.scan(body.buffer, type, cuts);
      if (cut !== whole) {
        const text = JSON.stringify(Buffer.from(body).toString("latin1"));
        expect.fail(`run ${run} of seed ${seed}: ${whole}, but cut at ${cuts}: ${cut} (${type}): ${text}`);
      }
    }
    expect(usage.pages()).toBe(pages);
  }, 3_600_000);
});
