// Contract: a call whose response does not tell what it consumed is charged an estimate, its input at least, once the model
// has got it; what no model has answered costs nothing. Specified in config.schema.json (missing_usage) and README.md,
// "What is counted".
import { describe, expect, it } from "vitest";
import { chargeOf, counter, metric, MODULES, PER_KEY, ROOT, start, usageBody } from "../support/filter.ts";
import { charged, event, JSON_TYPE, question, SSE_TYPE, words, type Call } from "./calls.ts";

describe.each(MODULES)("%s", (_name, file) => {
  it("charges an estimate for a stream without a report: the text of the request plus the generated text", async () => {
    const host = await start(file, PER_KEY);
    const tokens = charged(host, {
      requestBody: question("dolor sit amet ".repeat(100)),
      response: SSE_TYPE,
      body: words(200),
    });
    // 300 words of input and 200 of output, by any tokenizer at least one token each.
    expect(tokens).toBeGreaterThan(450);
    expect(tokens).toBeLessThan(900);
    expect(metric(host, "estimated_tokens")).toBe(tokens);
  });

  it.each(["cut", "trailers", "end"] as const)(
    "charges the part that was generated before the stream ended: %s",
    async (ending) => {
      const host = await start(file, PER_KEY);
      const few = charged(host, { response: SSE_TYPE, body: words(10), ending });
      const more = charged(host, { response: SSE_TYPE, body: words(1000), ending });
      expect(few).toBeGreaterThan(5);
      expect(few).toBeLessThan(30);
      expect(more / few).toBeGreaterThan(80);
      expect(more / few).toBeLessThan(120);
    },
  );

  it.each([
    ["plain text", "The quick brown fox jumps over the lazy dog. "],
    ["text with escapes", 'He said:\n\t"no \\ yes".\n'],
  ])("estimates a long answer of %s by its beginning and its length", async (_case, sentence) => {
    const host = await start(file, PER_KEY);
    const answer = (times: number): string =>
      JSON.stringify({ choices: [{ message: { content: sentence.repeat(times) } }] });
    const some = charged(host, { body: answer(100) });
    const much = charged(host, { body: answer(10_000) });
    expect(much / some).toBeGreaterThan(90);
    expect(much / some).toBeLessThan(135);
    // Cut off in the middle, it is charged half of that.
    const half = charged(host, { body: answer(10_000).slice(0, answer(5_000).length), ending: "cut" });
    expect(half / much).toBeGreaterThan(0.48);
    expect(half / much).toBeLessThan(0.52);
  });

  it("does not believe the first report of a stream that is cut off, such as Anthropic's", async () => {
    const host = await start(file, PER_KEY);
    const beginning =
      event({ type: "message_start", message: { usage: { input_tokens: 25, output_tokens: 1 } } }) +
      Array.from({ length: 100 }, () =>
        event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: " lorem" } }),
      ).join("");
    const cut = charged(host, { response: SSE_TYPE, body: beginning, ending: "cut" });
    expect(cut).toBeGreaterThan(25 + 80);
    expect(cut).toBeLessThan(25 + 250);
    // Complete, it says itself what it was.
    const end = event({
      type: "message_delta",
      delta: { stop_reason: "end_turn" },
      usage: { output_tokens: 100 },
    });
    expect(charged(host, { response: SSE_TYPE, body: beginning + end })).toBe(125);
    expect(
      charged(host, { response: SSE_TYPE, body: beginning + end, ending: "cut" }),
    ).toBeGreaterThanOrEqual(125);
  });

  it.each<[string, Call]>([
    [
      "an error",
      { response: { ":status": "500", ...JSON_TYPE }, body: '{"error":{"message":"something broke"}}' },
    ],
    [
      "an error that quotes an answer",
      { response: { ":status": "400", ...JSON_TYPE }, body: '{"choices":[{"message":{"content":"hello"}}]}' },
    ],
    ["a redirection", { response: { ":status": "307", location: "/v1/elsewhere" }, body: "" }],
  ])("charges nothing for %s", async (_case, call) => {
    const host = await start(file, PER_KEY);
    expect(charged(host, { requestBody: question("hello"), ...call })).toBe(0);
    expect(charged(host, { requestBody: question("hello"), ...call, ending: "cut" })).toBe(0);
  });

  it.each<[string, Call]>([
    ["no text at all", { body: '{"id":"1","object":"chat.completion","choices":[]}' }],
    [
      "an empty text, because the model only thought",
      { body: '{"choices":[{"message":{"role":"assistant","content":""},"finish_reason":"length"}]}' },
    ],
    ["an object that no format has", { body: '{"object":"list","data":[{"id":"gpt-4o"}]}' }],
    ["zeros for its usage", { body: '{"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0}}' }],
    ["nothing", { response: { ":status": "204" } }],
    ["an empty body", { body: "" }],
    ["an event that only begins it", { response: SSE_TYPE, body: event({ type: "response.created" }) }],
    [
      "the role of who will speak",
      { response: SSE_TYPE, body: event({ choices: [{ delta: { role: "assistant", content: "" } }] }) },
    ],
    [
      "the beginning of a message that counts nothing yet",
      {
        response: SSE_TYPE,
        body: event({
          type: "message_start",
          message: { content: [], usage: { input_tokens: 0, output_tokens: 0 } },
        }),
      },
    ],
  ])("charges a call at least its input, even if the answer has %s", async (_case, call) => {
    const host = await start(file, PER_KEY);
    const requestBody = question("lorem ipsum dolor sit amet ".repeat(20));
    for (const ending of ["end", "cut"] as const) {
      const tokens = charged(host, { requestBody, ...call, ending });
      expect(tokens).toBeGreaterThan(90);
      expect(tokens).toBeLessThan(200);
    }
    const ignores = await start(file, { ...PER_KEY, missing_usage: "ignore" });
    expect(charged(ignores, { requestBody, ...call })).toBe(0);
  });

  describe("when the caller leaves before the answer begins", () => {
    const body = question("lorem ipsum dolor sit amet ".repeat(20));
    /** What is charged when so much of the request's body was sent; the properties are what Envoy then has. */
    async function left(sent: string, properties: Record<string, string> = {}, configuration = {}) {
      const host = await start(file, { ...PER_KEY, ...configuration });
      host.request(2, ROOT, { "x-api-key": "alice" }, false);
      host.reply(ROOT, counter(0));
      host.requestBody(2, sent, sent === body);
      for (const [name, value] of Object.entries(properties)) host.properties.set(name, value);
      host.end(2);
      const command = host.pending.pop();
      return command === undefined ? 0 : chargeOf(command).tokens;
    }
    const gone = { "response.code_details": "downstream_remote_disconnect" };
    const chosen = { ...gone, "upstream.address": "10.0.0.1:80" };

    it("charges the input that the model has received", async () => {
      const all = await left(body, { ...chosen, "upstream.local_address": "10.0.0.2:4711" });
      expect(all).toBeGreaterThan(90);
      expect(await left(body)).toBe(all); // A host that tells nothing.
      const half = await left(body.slice(0, body.length / 2), {
        ...chosen,
        "upstream.local_address": "10.0.0.2:4711",
      });
      expect(half / all).toBeGreaterThan(0.4);
      expect(half / all).toBeLessThan(0.6);
    });

    it("charges nothing if there was no connection to a model yet, or with missing_usage: ignore", async () => {
      expect(await left(body, gone)).toBe(0);
      expect(await left(body, chosen)).toBe(0);
      expect(await left(body, {}, { missing_usage: "ignore" })).toBe(0);
    });
  });

  it("charges nothing for an answer of the gateway itself that does not report usage", async () => {
    const host = await start(file, PER_KEY);
    host.properties.set("response.code_details", "direct_response");
    expect(charged(host, { requestBody: question("hello"), body: "{}" })).toBe(0);
    expect(charged(host, { body: usageBody(3, 4) })).toBe(7);
  });

  it("charges nothing without usage with missing_usage: ignore", async () => {
    const host = await start(file, { ...PER_KEY, missing_usage: "ignore" });
    expect(charged(host, { requestBody: question("hello"), response: SSE_TYPE, body: words(100) })).toBe(0);
    expect(charged(host, { body: usageBody(3, 4) })).toBe(7);
  });

  it.each([
    ["TGI, which reports its output only", '{"generated_text":"hi","details":{"generated_tokens":3}}'],
    ["Ollama with the prompt in its cache", '{"message":{"content":"hi"},"done":true,"eval_count":3}'],
    ["a negative count", '{"usage":{"prompt_tokens":-8,"completion_tokens":3}}'],
    ["a null", '{"usage":{"prompt_tokens":null,"completion_tokens":3}}'],
  ])("charges the input even if the report has none: %s", async (_title, body) => {
    const host = await start(file, PER_KEY);
    const tokens = charged(host, { requestBody: question("dolor sit amet ".repeat(100)), body });
    expect(tokens).toBeGreaterThan(250);
  });

  it("charges text that arrives after a report without output", async () => {
    const host = await start(file, PER_KEY);
    const report = 'data: {"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":0}}\n\n';
    expect(charged(host, { response: SSE_TYPE, body: report + words(200) })).toBeGreaterThan(150);
  });

  it("charges the text of an answer in one piece whose report has no output", async () => {
    const host = await start(file, PER_KEY);
    const answer = (usage: object): string =>
      JSON.stringify({ choices: [{ message: { content: "lorem ".repeat(200) } }], usage });
    for (const usage of [{ prompt_tokens: 10, completion_tokens: 0 }, { prompt_tokens: 10 }])
      expect(charged(host, { body: answer(usage) })).toBeGreaterThan(150);
  });
});
