// Contract: what an answer reports is believed as far as it can tell: not about text that comes after it, nor about what a
// range leaves out; and what has been charged once is not charged again when it is fetched.
import { describe, expect, it } from "vitest";
import { array, chargeOf, counter, MODULES, PER_KEY, ROOT, start } from "../support/filter.ts";
import { noise } from "../unit/estimate/samples.ts";
import type { StrictHost } from "../support/strict-host.ts";

const SSE = { "content-type": "text/event-stream" };
const event = (data: unknown): string => `data: ${JSON.stringify(data)}\n\n`;
const LOREM = "lorem ipsum dolor sit amet ";

let nextId = 2;
/** Plays a call, and returns the commands of its charge. */
function play(
  host: StrictHost,
  request: Record<string, string>,
  response: Record<string, string>,
  body: string,
): ReturnType<typeof chargeOf>[] {
  const id = nextId++;
  host.request(id, ROOT, { "x-api-key": "alice", ...request }, request[":method"] === "GET");
  if (host.pending.length > 0) host.reply(ROOT, counter(0));
  if (request[":method"] !== "GET") host.requestBody(id, '{"model":"m"}', true);
  host.responseHeaders(id, response);
  host.responseBody(id, body, true);
  host.end(id);
  const sent = host.pending.splice(0);
  if (sent[0] !== undefined) host.reply(ROOT, array(60_000, 7), sent[0]);
  return [...sent, ...host.pending.splice(0)].map(chargeOf);
}
const tokens = (charges: ReturnType<typeof chargeOf>[]): number => charges[0]?.tokens ?? 0;

describe.each(MODULES)("%s", (_name, file) => {
  it("charges the text after the last report of a stream, even if that ends properly", async () => {
    const host = await start(file, PER_KEY);
    const begin = event({
      type: "message_start",
      message: { usage: { input_tokens: 25, output_tokens: 1 } },
    });
    const text = event({ type: "content_block_delta", delta: { type: "text_delta", text: LOREM } });
    const end = event({ type: "message_delta", delta: {}, usage: { output_tokens: 100 } });
    const stopped = tokens(play(host, {}, SSE, begin + text.repeat(100)));
    expect(stopped).toBeGreaterThan(25 + 450);
    expect(stopped).toBeLessThan(25 + 1000);
    expect(tokens(play(host, {}, SSE, begin + text.repeat(100) + end))).toBe(125);
    // Reports after each piece, of which the last is missing.
    const piece = event({
      choices: [{ delta: { content: LOREM } }],
      usage: { prompt_tokens: 5, completion_tokens: 9 },
    });
    expect(tokens(play(host, {}, SSE, piece.repeat(10)))).toBe(14);
    expect(tokens(play(host, {}, SSE, piece + text.repeat(100)))).toBeGreaterThan(450);
  });

  it.each(["text/plain", "text/plain; charset=utf-8", "text/markdown", ""])(
    "charges lines other than data as text in a body that is not an event stream: %j",
    async (type) => {
      const host = await start(file, PER_KEY);
      for (const start of [": ", ":", "event: ", "event:", "id: ", "retry: "]) {
        const body = `${start}${LOREM}\n`.repeat(100);
        const response: Record<string, string> = type === "" ? {} : { "content-type": type };
        expect(tokens(play(host, {}, response, body)), start).toBeGreaterThan(450);
        expect(tokens(play(host, {}, response, `data: {}\n\n${body}`)), start).toBeGreaterThan(450);
      }
    },
  );

  it("charges a plain text answer that looks like JSON without text", async () => {
    const host = await start(file, PER_KEY);
    for (const body of [`{"id":"${LOREM.repeat(100)}"}`, `{"error":["${LOREM.repeat(100)}"]}`]) {
      expect(tokens(play(host, {}, { "content-type": "text/plain" }, body))).toBeGreaterThan(400);
    }
  });

  it("does not believe a report in plain text of more than twice its tokens, because the model may have written it", async () => {
    const host = await start(file, PER_KEY);
    const plain = { "content-type": "text/plain" };
    const report = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    const text = LOREM.repeat(100);
    for (const body of [
      JSON.stringify({ usage: report, text }),
      JSON.stringify({ choices: [{ message: { content: text } }], usage: report }),
      event({ choices: [{ delta: { content: text } }] }) + event({ choices: [], usage: report }),
    ]) {
      expect(tokens(play(host, {}, plain, body))).toBeGreaterThan(450);
    }
    // One that may be right is believed, whatever a gateway says of the type.
    const short = { choices: [{ message: { content: "Hello there, how are you today?" } }], note: LOREM };
    const little = { prompt_tokens: 7, completion_tokens: 1, total_tokens: 8 };
    expect(tokens(play(host, {}, plain, JSON.stringify({ ...short, remark: LOREM, usage: little })))).toBe(8);
    for (const output of [400, 800, 5000]) {
      const usage = { prompt_tokens: 7, completion_tokens: output, total_tokens: 7 + output };
      const body = JSON.stringify({ choices: [{ message: { content: text } }], usage });
      expect(tokens(play(host, {}, plain, body))).toBe(7 + output);
    }
  });

  it("charges letters that look like a file as text when they come a few at a time", async () => {
    const host = await start(file, PER_KEY);
    const letters = noise(30_000, "letters").toString("base64");
    const pieces = (letters.match(/.{1,5}/g) ?? []).map((content) =>
      event({ choices: [{ delta: { content } }] }),
    );
    expect(tokens(play(host, {}, SSE, pieces.join("")))).toBeGreaterThan(letters.length * 0.45);
    host.request(1003, ROOT, { "x-api-key": "alice" }, true);
    host.reply(ROOT, counter(0));
    host.responseHeaders(1003, { "content-type": "text/plain" });
    for (const piece of letters.match(/.{1,5}/g) ?? []) host.responseBody(1003, piece);
    host.end(1003);
    expect(chargeOf(host.pending.splice(0)[0]!).tokens).toBeGreaterThan(letters.length * 0.45);
    // A picture comes in one piece.
    const picture = { choices: [{ delta: { content: `![](data:image/png;base64,${letters})` } }] };
    expect(tokens(play(host, {}, SSE, event(picture)))).toBeLessThan(1500);
  });

  it("does not take an interim response for an answer", async () => {
    const host = await start(file, PER_KEY);
    host.request(1001, ROOT, { "x-api-key": "alice" }, false);
    host.reply(ROOT, counter(0));
    host.requestBody(1001, JSON.stringify({ prompt: LOREM.repeat(100) }), true);
    for (const status of ["100", "103", "200"]) host.responseHeaders(1001, { ":status": status, ...SSE });
    host.responseBody(1001, event({ choices: [{ text: LOREM.repeat(100) }] }), true);
    expect(chargeOf(host.pending[0]!).tokens).toBeGreaterThan(900);
  });

  it("counts only data lines of an event stream as text", async () => {
    const host = await start(file, PER_KEY);
    const body = `: ping\nevent: completion\nid: 1\nretry: 10\n${event({ choices: [{ delta: { content: "hello" } }] })}`;
    for (const type of ["text/event-stream", "application/json"]) {
      expect(tokens(play(host, {}, { "content-type": type }, body.repeat(100)))).toBeLessThan(300);
    }
  });

  it("charges a range of an answer at least by its size", async () => {
    const host = await start(file, PER_KEY);
    const range = { ":status": "206", "content-type": "application/json" };
    const body = JSON.stringify({ id: "resp_1", object: LOREM.repeat(400) });
    const get = { ":method": "GET", ":path": "/v1/responses/resp_1" };
    expect(tokens(play(host, get, range, body))).toBeGreaterThan(body.length / 5);
    expect(tokens(play(host, {}, range, body))).toBeGreaterThan(body.length / 5);
    expect(tokens(play(host, get, { ...range, ":status": "200" }, body))).toBe(0);
  });

  it("charges the results of a batch once, however often they are fetched", async () => {
    const host = await start(file, PER_KEY);
    const line = (i: number, input: number): string =>
      `${JSON.stringify({ custom_id: `c${i}`, result: { type: "succeeded", message: { id: `msg_${i}`, usage: { input_tokens: input, output_tokens: 4 } } } })}\n`;
    const get = { ":method": "GET", ":path": "/v1/messages/batches/msgbatch_1/results" };
    const response = { "content-type": "application/x-jsonl" };
    const [first, ...rest] = play(host, get, response, line(1, 3) + line(2, 5));
    expect([first?.tokens, rest.length]).toEqual([16, 0]);
    expect(first?.marker).toContain(":answer:");
    const [again] = play(host, get, response, line(1, 3) + line(2, 5));
    expect(again?.marker).toBe(first?.marker);
    const [other] = play(host, get, response, line(1, 3) + line(2, 6));
    expect(other?.marker).not.toBe(first?.marker);
  });
});
