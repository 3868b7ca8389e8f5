// Contract: a call is charged what it consumed: as reported and weighted, or an estimate when its response does not
// tell although the model has answered; what consumed nothing costs nothing.
// Specified in config.schema.json (token_weights, missing_usage, strip_accept_encoding) and README.md, "What is counted".
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { array, chargeOf, counter, MODULES, PER_KEY, ROOT, start, usageBody } from "../support/filter.ts";
import type { StrictHost } from "../support/strict-host.ts";

const JSON_TYPE = { "content-type": "application/json" };
const SSE_TYPE = { "content-type": "text/event-stream" };
const event = (data: unknown): string =>
  `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
/** A stream of one word per event, without usage. */
const words = (count: number): string =>
  Array.from({ length: count }, () => event({ choices: [{ index: 0, delta: { content: " lorem" } }] })).join(
    "",
  );
const question = (content: string): string =>
  JSON.stringify({ model: "m", stream: true, messages: [{ role: "user", content }] });

interface Call {
  request?: Record<string, string>;
  requestBody?: string;
  response?: Record<string, string>;
  body?: string | Uint8Array;
  /** "cut": the stream ends without the end of its body. */
  ending?: "end" | "cut" | "trailers";
}

let nextId = 2;
/** Plays a call and returns what it was charged; 0 when nothing. */
function charged(host: StrictHost, call: Call): number {
  const id = nextId++;
  host.request(id, ROOT, { "x-api-key": "alice", ...call.request }, call.requestBody === undefined);
  host.reply(ROOT, counter(0));
  if (call.requestBody !== undefined) {
    const half = call.requestBody.length >> 1;
    host.requestBody(id, call.requestBody.slice(0, half));
    host.requestBody(id, call.requestBody.slice(half), true);
  }
  host.responseHeaders(id, call.response ?? JSON_TYPE);
  if (call.body !== undefined) host.responseBody(id, call.body, (call.ending ?? "end") === "end");
  if (call.ending === "trailers") host.responseTrailers(id);
  host.end(id);
  const command = host.pending.pop();
  expect(host.pending).toEqual([]);
  return command === undefined ? 0 : chargeOf(command).tokens;
}

const metric = (host: StrictHost, name: string): number =>
  Number(host.metrics.get(`ai_token_ratelimit.${name}`) ?? 0n);

describe.each(MODULES)("%s", (_name, file) => {
  it("charges an estimate for a stream that reports nothing: the request's text and the text generated", async () => {
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

  it("does not believe the beginning of a stream that was cut off, as Anthropic's is", async () => {
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
  ])("charges a call its input at least, although the answer has %s", async (_case, call) => {
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

    it("charges the input that the model has got", async () => {
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

    it("charges nothing if there was no connection to a model yet, or that is to be ignored", async () => {
      expect(await left(body, gone)).toBe(0);
      expect(await left(body, chosen)).toBe(0);
      expect(await left(body, {}, { missing_usage: "ignore" })).toBe(0);
    });
  });

  it("charges nothing for what the gateway answers itself without a word of a model", async () => {
    const host = await start(file, PER_KEY);
    host.properties.set("response.code_details", "direct_response");
    expect(charged(host, { requestBody: question("hello"), body: "{}" })).toBe(0);
    expect(charged(host, { body: usageBody(3, 4) })).toBe(7);
  });

  it.each([
    ["OPTIONS", "/v1/chat/completions"],
    ["HEAD", "/v1/models"],
    ["GET", "/v1/models"],
    ["POST", "/v1/messages/count_tokens"],
    ["POST", "/v1/files"],
  ])("neither checks nor charges what consumes nothing: %s %s", async (method, path) => {
    const host = await start(file, PER_KEY);
    const request = { ":method": method, ":path": path, "x-api-key": "alice" };
    const hasBody = method === "POST";
    expect(host.request(2, ROOT, request, !hasBody).action).toBe(0);
    if (hasBody) host.requestBody(2, question("lorem ".repeat(100)), true);
    host.responseHeaders(2, JSON_TYPE);
    host.responseBody(2, '{"input_tokens":100,"content":[{"text":"lorem ipsum"}]}', true);
    host.end(2);
    // Who leaves early has not consumed anything either.
    host.request(3, ROOT, request, !hasBody);
    host.end(3);
    expect(host.pending).toEqual([]);
  });

  it("checks what may consume something although it looks free", async () => {
    const host = await start(file, PER_KEY);
    const disguised: Record<string, string>[] = [
      { ":method": "GET", ":path": "/v1/models", "x-http-method-override": "POST" },
      { ":method": "GET", ":path": "/v1/realtime", upgrade: "websocket" },
      { ":method": "POST", ":path": "/v1/files/../chat/completions" },
      { ":method": "POST", ":path": "/v1/messages?x=/count_tokens" },
    ];
    for (const [index, request] of disguised.entries()) {
      host.request(2 + index, ROOT, { "x-api-key": "alice", ...request });
      expect(host.pending.splice(0)).toHaveLength(1);
    }
  });

  it("asks for stored answers as a whole, and charges one that is left before it reports its usage", async () => {
    const host = await start(file, PER_KEY);
    const get = {
      ":method": "GET",
      ":path": "/v1/responses/resp_1",
      "x-api-key": "alice",
      range: "bytes=0-99",
    };
    const stream = host.request(2, ROOT, get);
    expect(stream.request).not.toHaveProperty("range");
    host.responseHeaders(2, JSON_TYPE);
    host.responseBody(2, `{"id":"resp_1","output":[{"content":[{"text":"${"lorem ipsum ".repeat(100)}"}]}]`);
    host.end(2);
    expect(chargeOf(host.pending[0]!).tokens).toBeGreaterThan(150);
  });

  it("charges a GET what it reports, as the result of what was done in the background", async () => {
    const host = await start(file, PER_KEY);
    host.request(2, ROOT, { ":method": "GET", ":path": "/v1/responses/resp_1", "x-api-key": "alice" });
    host.responseHeaders(2, JSON_TYPE);
    host.responseBody(2, usageBody(3, 4), true);
    expect(chargeOf(host.pending[0]!).tokens).toBe(7);
  });

  it("charges nothing without usage when it is told to ignore that", async () => {
    const host = await start(file, { ...PER_KEY, missing_usage: "ignore" });
    expect(charged(host, { requestBody: question("hello"), response: SSE_TYPE, body: words(100) })).toBe(0);
    expect(charged(host, { body: usageBody(3, 4) })).toBe(7);
  });

  it("charges a compressed response an estimate, and counts it", async () => {
    const host = await start(file, PER_KEY);
    const body = gzipSync(Buffer.from(words(2000)));
    const response = { ...SSE_TYPE, "content-encoding": "gzip" };
    const tokens = charged(host, { requestBody: question("lorem ".repeat(50)), response, body });
    expect(tokens).toBeGreaterThan(40 + body.length / 8);
    expect(metric(host, "compressed_responses")).toBe(1);
    expect(charged(host, { response: { ...response, ":status": "503" }, body })).toBe(0);
    expect(
      charged(host, { response: { ...JSON_TYPE, "content-encoding": "identity" }, body: usageBody(3, 4) }),
    ).toBe(7);
  });

  it.each<[string, Call]>([
    ["text", { response: { "content-type": "text/plain" }, body: "lorem ipsum ".repeat(1000) }],
    ["a page", { response: { "content-type": "text/html" }, body: `<p>${"lorem ipsum ".repeat(1000)}</p>` }],
    ["gzip without its header", { body: gzipSync(Buffer.from(words(40_000))) }],
    ["bytes", { response: { "content-type": "application/grpc" }, body: Buffer.alloc(8000, 0x9f) }],
  ])("charges an answer that it cannot read by its size, and counts it: %s", async (_case, call) => {
    const host = await start(file, PER_KEY);
    const tokens = charged(host, { requestBody: question("hello"), ...call });
    expect(tokens).toBeGreaterThan(1000);
    expect(tokens).toBeLessThan(6000);
    expect(metric(host, "unreadable_responses")).toBe(1);
    expect(charged(host, { ...call, response: { ...call.response, ":status": "502" } })).toBe(0);
    expect(metric(host, "unreadable_responses")).toBe(1);
    const ignores = await start(file, { ...PER_KEY, missing_usage: "ignore" });
    expect(charged(ignores, { requestBody: question("hello"), ...call })).toBe(0);
  });

  it("reads what is not compressed, whatever the header says that nobody knows", async () => {
    const host = await start(file, PER_KEY);
    for (const encoding of ["Identity", "identity, identity", "utf-8", ""]) {
      const response = { ...JSON_TYPE, "content-encoding": encoding };
      expect(charged(host, { response, body: usageBody(3, 4) }), encoding).toBe(7);
    }
    expect(metric(host, "compressed_responses")).toBe(0);
  });

  describe("an answer that can be fetched again", () => {
    const answer = (id: string, input: number, output: number): string =>
      JSON.stringify({
        id,
        object: "response",
        status: "completed",
        usage: { input_tokens: input, output_tokens: output },
      });
    /** Plays a call and returns its commands; each but the last is answered. */
    function commands(host: StrictHost, request: Record<string, string>, body: string, apiKey = "alice") {
      const id = nextId++;
      host.request(id, ROOT, { "x-api-key": apiKey, ...request });
      if (host.pending.length > 0) host.reply(ROOT, counter(0));
      host.responseHeaders(id, body.startsWith("data:") ? SSE_TYPE : JSON_TYPE);
      host.responseBody(id, body, true);
      host.end(id);
      const sent = host.pending.splice(0);
      if (sent[0] === undefined) return [];
      host.reply(ROOT, array(60_000, 7), sent[0]);
      return [...sent, ...host.pending.splice(0)].map(chargeOf);
    }
    const POST = { ":method": "POST", ":path": "/v1/responses" };
    const GET = { ":method": "GET", ":path": "/v1/responses/resp_1?include[]=x" };

    it("is charged under its own name when it is fetched, which is the same each time, and for its callers alone", async () => {
      const host = await start(file, PER_KEY);
      const [first, ...rest] = commands(host, GET, answer("resp_1", 3, 4));
      expect([first?.tokens, rest.length]).toEqual([7, 0]);
      expect(first?.marker).toContain(":answer:");
      expect(commands(host, GET, answer("resp_1", 3, 4))[0]?.marker).toBe(first?.marker);
      const stream = event({
        type: "response.completed",
        response: JSON.parse(answer("resp_1", 3, 4)) as object,
      });
      expect(commands(host, GET, stream)[0]?.marker).toBe(first?.marker);
      for (const other of [
        commands(host, GET, answer("resp_2", 3, 4)),
        commands(host, GET, answer("resp_1", 3, 5)),
        commands(host, GET, answer("resp_1", 3, 4), "bob"),
      ]) {
        expect(other[0]?.marker.split(":").at(-1)).not.toBe(first?.marker.split(":").at(-1));
      }
    });

    it("is charged in any case when it is made, and named then, so that fetching it costs nothing", async () => {
      const host = await start(file, PER_KEY);
      const [fetched] = commands(host, GET, answer("resp_1", 3, 4));
      for (let i = 0; i < 2; ++i) {
        const [made, named] = commands(host, POST, answer("resp_1", 3, 4));
        expect([made?.tokens, named?.tokens]).toEqual([7, 0]);
        expect(made?.marker).toContain(":charge:");
        expect(named?.marker).toBe(fetched?.marker);
      }
    });

    it("has no name when it has no id, is cut off, or reports nothing", async () => {
      const host = await start(file, PER_KEY);
      expect(commands(host, GET, usageBody(3, 4).replace('"id":"1",', ""))[0]?.marker).toContain(":charge:");
      expect(commands(host, GET, answer("x".repeat(161), 3, 4))[0]?.marker).toContain(":charge:");
      expect(commands(host, GET, '{"id":"resp_1","status":"queued","usage":null}')).toEqual([]);
    });

    it("is not free for who leaves its stream before it reports what it was", async () => {
      const host = await start(file, PER_KEY);
      const pieces =
        words(0) + event({ type: "response.output_text.delta", delta: "lorem ipsum ".repeat(100) });
      const [charge] = commands(host, GET, pieces);
      expect(charge?.tokens).toBeGreaterThan(150);
      expect(charge?.marker).toContain(":charge:");
    });
  });

  it("keeps clients from asking for what it cannot read, on requests that a rule applies to", async () => {
    const headers = { "accept-encoding": "gzip, br" };
    const strips = await start(file, PER_KEY);
    expect(strips.request(2, ROOT, { "x-api-key": "a", ...headers }).request).not.toHaveProperty(
      "accept-encoding",
    );
    expect(strips.request(3, ROOT, headers).request).toHaveProperty("accept-encoding");
    const leaves = await start(file, { ...PER_KEY, strip_accept_encoding: false });
    expect(leaves.request(2, ROOT, { "x-api-key": "a", ...headers }).request).toHaveProperty(
      "accept-encoding",
    );
  });

  it("is not talked out of it by the headers of an upgrade", async () => {
    const host = await start(file, PER_KEY);
    const request = { connection: "upgrade", upgrade: "websocket" };
    expect(charged(host, { request, body: usageBody(3, 4) })).toBe(7);
  });

  it("weights the kinds of tokens", async () => {
    const token_weights = { input: 1, cached_input: 0.1, output: 4, reasoning: 2 };
    const host = await start(file, { ...PER_KEY, token_weights });
    const usage = {
      prompt_tokens: 1000,
      completion_tokens: 100,
      prompt_tokens_details: { cached_tokens: 900 },
      completion_tokens_details: { reasoning_tokens: 60 },
    };
    expect(charged(host, { body: JSON.stringify({ usage }) })).toBe(100 + 90 + 40 * 4 + 60 * 2);
  });

  it("never takes nonsense for a credit, and counts it", async () => {
    const host = await start(file, PER_KEY);
    expect(charged(host, { body: '{"usage":{"prompt_tokens":-8,"completion_tokens":2}}' })).toBe(2);
    expect(
      charged(host, { body: '{"usage":{"prompt_tokens":1e300,"completion_tokens":2}}' }),
    ).toBeGreaterThan(1e9);
    expect(charged(host, { body: '{"usage":{"prompt_tokens":"8","completion_tokens":"2"}}' })).toBe(10);
    expect(metric(host, "clamped_usages")).toBe(3);
  });

  it.each([
    ["TGI, which reports its output only", '{"generated_text":"hi","details":{"generated_tokens":3}}'],
    ["Ollama with the prompt in its cache", '{"message":{"content":"hi"},"done":true,"eval_count":3}'],
    ["a negative count", '{"usage":{"prompt_tokens":-8,"completion_tokens":3}}'],
    ["a null", '{"usage":{"prompt_tokens":null,"completion_tokens":3}}'],
  ])("charges the input though the report has none: %s", async (_title, body) => {
    const host = await start(file, PER_KEY);
    const tokens = charged(host, { requestBody: question("dolor sit amet ".repeat(100)), body });
    expect(tokens).toBeGreaterThan(250);
  });

  it("charges the text of a stream that reported no output before it", async () => {
    const host = await start(file, PER_KEY);
    const report = 'data: {"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":0}}\n\n';
    expect(charged(host, { response: SSE_TYPE, body: report + words(200) })).toBeGreaterThan(150);
  });

  it("takes the usage from headers when the body has none", async () => {
    const host = await start(file, PER_KEY);
    const counts = { "x-amzn-bedrock-input-token-count": "12", "x-amzn-bedrock-output-token-count": "30" };
    expect(
      charged(host, { response: { ...JSON_TYPE, ...counts }, body: '{"outputs":[{"text":"hello"}]}' }),
    ).toBe(42);
    expect(charged(host, { response: { ...JSON_TYPE, ...counts }, body: usageBody(3, 4) })).toBe(7);
  });
});
