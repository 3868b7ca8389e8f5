// Contract: what is said over a WebSocket is charged as it is reported, each response once, and what is not reported is
// estimated; however the messages are framed, and wherever the network cuts them.
import fc from "fast-check";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";
import { fuzz } from "../../support/fuzz.ts";
import { writtenSamples } from "../estimate/samples.ts";
import { fragments, frame, masked, Opcode, responseDone } from "../../support/websocket.ts";

interface Harness {
  open(): void;
  feed(isClient: boolean, bytes: ArrayBuffer, size: number): string;
  input(): bigint;
  output(): bigint;
  finish(): void;
  close(): number;
  pages(): number;
}

let harness: Harness;
beforeAll(async () => {
  harness = await loadHarness<Harness>("tests/unit/usage/conversation.harness.ts");
});
beforeEach(() => harness.open());
afterEach(() => expect(harness.close(), "readers that were not given back").toBe(0));

const feed = (isClient: boolean, bytes: Uint8Array, size = 1 << 30): string =>
  harness.feed(isClient, Uint8Array.from(bytes).buffer, size);
const server = (message: unknown, size?: number): string => feed(false, frame(textOf(message)), size);
const client = (message: unknown, size?: number): string => feed(true, masked(textOf(message)), size);
const textOf = (message: unknown): string =>
  typeof message === "string" ? message : JSON.stringify(message);
const input = (): number => Number(harness.input());
const output = (): number => Number(harness.output());

const WORDS = "the quick brown fox jumps over the lazy dog ";
const prompt = (words: number): object => ({
  type: "conversation.item.create",
  item: {
    type: "message",
    role: "user",
    content: [{ type: "input_text", text: WORDS.repeat(Math.ceil(words / 9)) }],
  },
});
const delta = (text: string): object => ({ type: "response.output_text.delta", event_id: "e", delta: text });
/** A text without blanks, as an event with audio would have it. */
const LETTERS = writtenSamples()
  .filter(({ language }) => language === "english")
  .map(({ text }) => text.replace(/[^A-Za-z]/g, ""))
  .join("");
const audio = (bytes: number): string => Buffer.alloc(bytes, 0x5a).toString("base64");

describe("the usage that an event reports", () => {
  it("is charged for each Realtime response as it arrives, with cached input separate", () => {
    expect(server({ type: "session.created", session: { id: "s" } })).toBe("");
    expect(server(responseDone(100, 20))).toBe("100+20 cached 0;");
    const cached = responseDone(130, 7).replace('"cached_tokens":0', '"cached_tokens":90');
    expect(server(cached)).toBe("130+7 cached 90;");
  });

  it("is charged for each response, even if two are in one chunk", () => {
    const both = Buffer.concat([
      frame(responseDone(1, 2)),
      frame(responseDone(3, 4)),
      frame(responseDone(3, 4)),
    ]);
    for (const size of [1, 7, 100, 1 << 20]) {
      expect(feed(false, both, size)).toBe("1+2 cached 0;3+4 cached 0;3+4 cached 0;");
    }
  });

  it("is found wherever the bytes are cut, in fragments with pings between them, and with 64-bit lengths", () => {
    const ping = frame("ping", { opcode: Opcode.Ping });
    const pieces = fragments(responseDone(11, 5), 50);
    const framed = Buffer.concat([
      ...pieces.flatMap((piece) => [ping, piece]),
      frame(responseDone(11, 5), { lengthBytes: 8 }),
    ]);
    for (let size = 1; size < 400; ++size) expect(feed(false, framed, size)).toBe("11+5 cached 0;".repeat(2));
  });

  it("is found in the last event of Responses over WebSocket, and in no other", () => {
    const response = { id: "resp", object: "response", status: "in_progress", usage: null };
    expect(server({ type: "response.created", response })).toBe("");
    expect(server(delta("Hello"))).toBe("");
    const usage = {
      input_tokens: 9,
      input_tokens_details: { cached_tokens: 3 },
      output_tokens: 4,
      output_tokens_details: { reasoning_tokens: 1 },
      total_tokens: 13,
    };
    for (const type of ["response.completed", "response.incomplete", "response.failed"]) {
      expect(server({ type, response: { ...response, usage } })).toBe("9+4 cached 3;");
    }
  });

  it("is charged for each turn of Gemini Live, also in binary messages", () => {
    const turn = (prompts: number, answer: number): string =>
      JSON.stringify({
        serverContent: { turnComplete: true },
        usageMetadata: {
          promptTokenCount: prompts,
          responseTokenCount: answer,
          totalTokenCount: prompts + answer + 5,
          thoughtsTokenCount: 5,
          promptTokensDetails: [{ modality: "TEXT", tokenCount: prompts }],
        },
      });
    expect(server(turn(143, 19))).toBe("143+24 cached 0;");
    expect(feed(false, frame(turn(181, 24), { opcode: Opcode.Binary }))).toBe("181+29 cached 0;");
  });

  it("does not cover the input of the model if it belongs to a transcript", () => {
    client(prompt(900));
    const sent = input();
    const usage = { type: "tokens", total_tokens: 300, input_tokens: 290, output_tokens: 10 };
    expect(server({ type: "conversation.item.input_audio_transcription.completed", usage })).toBe(
      "290+10 cached 0;",
    );
    expect(input()).toBe(sent);
  });

  it("is not found in an object called usage in a text or an argument", () => {
    expect(server(delta('{"usage":{"input_tokens":5}}'))).toBe("");
    expect(
      server({ type: "response.function_call_arguments.done", arguments: { usage: { input_tokens: 5 } } }),
    ).toBe("");
    expect(server({ item: { usage: { input_tokens: 5 } } })).toBe("");
  });
});

describe("usage that no event has reported yet", () => {
  it("is estimated from what the client has sent and the text that was generated", () => {
    client(prompt(900));
    expect(input()).toBeGreaterThan(800);
    expect(input()).toBeLessThan(1100);
    for (let i = 0; i < 50; ++i) server(delta(" another word"));
    expect(output()).toBeGreaterThanOrEqual(100);
    expect(output()).toBeLessThan(160);
  });

  it("is nothing after a report", () => {
    client(prompt(900));
    server(delta(WORDS));
    server(responseDone(1000, 10));
    expect([input(), output()]).toEqual([0, 0]);
  });

  it("includes a long message sent right after a short one whose answer has been reported", () => {
    client(prompt(9));
    client(prompt(9000));
    const sent = input();
    server(responseDone(20, 5));
    expect(input()).toBe(sent - 20);
  });

  it("does not include what the server repeats from the client or from earlier events", () => {
    server(delta(WORDS.repeat(100)));
    const said = output();
    expect(said).toBeGreaterThan(800);
    server({ type: "conversation.item.added", item: prompt(900) });
    server({ type: "session.updated", session: { instructions: WORDS.repeat(100) } });
    server({ type: "response.output_text.done", text: WORDS.repeat(100) });
    server({ type: "conversation.item.input_audio_transcription.delta", delta: WORDS });
    server({ type: "response.content_part.done", part: { type: "text", text: WORDS.repeat(100) } });
    server({ type: "response.output_item.done", item: { content: [{ text: WORDS.repeat(100) }] } });
    server({
      type: "response.completed",
      response: { output: [{ content: [{ text: WORDS.repeat(100) }] }] },
    });
    expect(output()).toBe(said);
    // Another answer.
    server(delta(WORDS.repeat(100)));
    expect(output()).toBe(2 * said);
  });

  it("includes all generated text, although later events repeat only a part of it", () => {
    server(delta(WORDS.repeat(100)));
    const said = output();
    server({ type: "response.content_part.done", part: { type: "text", text: WORDS.repeat(50) } });
    expect(output()).toBe(said);
    server({ type: "response.content_part.done", part: { type: "text", text: WORDS.repeat(50) } });
    expect(output()).toBe(said);
  });

  it("counts the next answer separately, even if its text comes only as a whole", () => {
    server(delta(WORDS.repeat(100)));
    const said = output();
    server({ type: "response.completed", response: { output: [] } });
    server({ type: "response.output_text.done", text: WORDS.repeat(100) });
    expect(output()).toBeGreaterThan(1.9 * said);
  });

  it.each<[string, object]>([
    ["output_text.done", { text: WORDS.repeat(100) }],
    ["function_call_arguments.done", { arguments: WORDS.repeat(100) }],
    ["output_audio_transcript.done", { transcript: WORDS.repeat(100) }],
    ["content_part.done", { part: { type: "text", text: WORDS.repeat(100) } }],
    ["output_item.done", { item: { content: [{ text: WORDS.repeat(100) }] } }],
    ["done", { response: { output: [{ content: [{ text: WORDS.repeat(100) }] }] } }],
  ])("includes text that arrives only as a whole, in one event: response.%s", (type, event) => {
    server({ type: `response.${type}`, ...event });
    expect(output()).toBeGreaterThan(800);
    expect(output()).toBeLessThan(1200);
  });

  it("counts audio by its duration, however small its pieces are", () => {
    // A minute in 20 ms of 8 kHz, as a telephone sends it: 0.6 MB of base64.
    for (let i = 0; i < 3000; ++i) client({ type: "input_audio_buffer.append", audio: audio(160) });
    expect(input()).toBeGreaterThan(600);
    expect(input()).toBeLessThan(700);
    for (let i = 0; i < 100; ++i)
      server({ type: "response.output_audio.delta", event_id: "e", delta: audio(4800) });
    expect(output()).toBeGreaterThan(600);
    expect(output()).toBeLessThan(700);
  });

  it("is not lower for a prompt that poses as audio, an id or a type", () => {
    client(prompt(900));
    const honest = input();
    const text = WORDS.repeat(100);
    for (const trick of [
      `{"type":"input_audio_buffer.append","audio":"AAAA","type":"conversation.item.create","text":${JSON.stringify(text)}}`,
      `{"event_id":"input_audio_buffer.append","type":"conversation.item.create","text":${JSON.stringify(text)}}`,
      `{"type":${JSON.stringify(text)}}`,
      `{"event_id":"x","event_id":${JSON.stringify(text)}}`,
      `{"type":"x","audio":${JSON.stringify(text)}}`,
      `{"type":"x" , "audio" : "A" , "text":${JSON.stringify(text)}}`,
    ]) {
      const before = input();
      client(trick);
      expect(input() - before, trick.slice(0, 60)).toBeGreaterThan(honest * 0.9);
    }
  });

  it("is not lower for a prompt that is not JSON, or only partly", () => {
    client(prompt(900));
    const honest = input();
    const text = WORDS.repeat(100);
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(textOf(prompt(900)), "utf16le")]);
    for (const trick of [
      masked(text),
      masked(`]${textOf(prompt(900))}`),
      masked(`{"audio":"AAAA ${text}"}`),
      masked(`{"type":"x","audio":"AAAA"${textOf(prompt(900))}`),
      masked(utf16, { opcode: Opcode.Binary }),
    ]) {
      const before = input();
      feed(true, trick);
      expect(input() - before).toBeGreaterThan(honest * 0.9);
    }
  });

  it("includes binary messages that are text but not JSON, from either side", () => {
    const text = WORDS.repeat(500);
    feed(true, masked(text, { opcode: Opcode.Binary }));
    expect(input()).toBeGreaterThan(4_000);
    feed(false, frame(`// ${text}`, { opcode: Opcode.Binary }));
    harness.finish();
    expect(output()).toBeGreaterThan(4_000);
  });

  it.each([
    ["behind its type", `{"type":"input_text.append","audio":"${LETTERS}"}`],
    ["before its type", `{"audio":"${LETTERS}","type":"response.create"}`],
  ])("includes text in a member called audio of an event that does not carry audio: %s", (_, event) => {
    client(event);
    expect(input()).toBeGreaterThan(LETTERS.length / 12);
  });

  it("is the same for binary messages, and wherever the bytes are cut", () => {
    const text = textOf(prompt(900));
    const sizes = [1, 2, 191, 192, 193, 1000, 1 << 20];
    const amounts = sizes.flatMap((size) =>
      [
        masked(text),
        masked(text, { opcode: Opcode.Binary }),
        ...[100, 3000].map((pieces) => Buffer.concat(fragments(text, pieces, { key: Buffer.from("abcd") }))),
      ].map((bytes) => {
        const before = input();
        feed(true, bytes, size);
        return input() - before;
      }),
    );
    expect(new Set(amounts).size).toBe(1);
  });

  it("counts a message only when it is complete, because a model sees no other", () => {
    const whole = masked(textOf(prompt(900)));
    feed(true, whole.subarray(0, -1));
    expect(input()).toBe(0);
    feed(true, whole.subarray(-1));
    expect(input()).toBeGreaterThan(800);
  });

  it("counts unreadable bytes by size: deflated messages, protocol errors, binary data", () => {
    feed(false, frame(Buffer.alloc(4000), { reserved: 0x40 }));
    expect(output()).toBe(1000);
    feed(false, frame(Buffer.alloc(10_240), { opcode: Opcode.Binary }));
    expect(output()).toBe(1010);
    feed(true, frame("x".repeat(4000)));
    expect(input()).toBe(1000);
    // What was reported is none of it.
    server(responseDone(1, 1));
    expect(output()).toBe(1000);
    // Two bytes were enough to see that they are no frame.
    feed(false, Buffer.alloc(402, 0x0f));
    expect(output()).toBe(1100);
  });

  it("includes the text of an unfinished message when the connection ends", () => {
    const event = frame(textOf(delta(WORDS.repeat(20))));
    feed(false, event.subarray(0, event.length - 5));
    expect(output()).toBe(0);
    harness.finish();
    expect(output()).toBeGreaterThan(150);
  });
});

describe("a connection", () => {
  it("does not trap on any bytes, and frees its memory", () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      fc
        .tuple(
          fc.constantFrom(
            "",
            "{",
            '{"type":"',
            '{"type":"response.created","audio":"',
            responseDone(1, 1),
            '{"a":',
          ),
          fc.string({ maxLength: 300 }),
          fc.constantFrom(Opcode.Text, Opcode.Binary, Opcode.Continuation, Opcode.Ping),
          fc.boolean(),
          fc.boolean(),
        )
        .map(([start, rest, opcode, fin, isMasked]) =>
          (isMasked ? masked : frame)(start + rest, { opcode, fin }),
        ),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), piece, fc.integer({ min: 1, max: 400 })), { maxLength: 20 }),
        (steps) => {
          harness.close();
          harness.open();
          for (const [isClient, bytes, size] of steps) feed(isClient, bytes, size);
          expect(input()).toBeGreaterThanOrEqual(0);
          expect(output()).toBeGreaterThanOrEqual(0);
        },
      ),
      fuzz(),
    );
  });

  it("does not take more memory over time, and neither do many in succession", () => {
    const text = textOf(prompt(9));
    const round = (): void => {
      for (let i = 0; i < 2000; ++i) {
        client(text);
        server(delta("word"));
        if (i % 100 === 0) {
          harness.close();
          harness.open();
        }
      }
    };
    round();
    const pages = harness.pages();
    round();
    round();
    expect(harness.pages()).toBe(pages);
  });
});
