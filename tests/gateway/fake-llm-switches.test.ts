// Each switch of the fake LLM does on a real connection what its table says, alone and together with others.
// The table is in tools/fake-llm/switches.ts; bytes on the wire are read from the socket, without a client.
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { gunzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { startFakeLlm, type FakeLlmOptions } from "../../tools/fake-llm/server.ts";
import { open, send } from "./support.ts";

type Headers = Record<string, string>;

const CHAT = { model: "m", messages: [{ role: "user", content: "a b c" }], max_tokens: 3 };
const JSON_BODY = JSON.stringify(CHAT);
const STREAM_BODY = JSON.stringify({ ...CHAT, stream: true, stream_options: { include_usage: true } });
/** The role, three tokens, the finish reason, the usage, [DONE]. */
const EVENTS = 7;

async function start(options?: FakeLlmOptions): Promise<string> {
  const { url, close } = await startFakeLlm(options);
  onTestFinished(close);
  return `${url}/v1/chat/completions`;
}

const post = (headers: Headers) => ({ method: "POST", headers });

interface Wire {
  /** What came, to the end of the connection. */
  readonly bytes: Buffer;
  readonly head: string;
  readonly body: Buffer;
  /** How the connection ended, if not regularly. */
  readonly error: string | undefined;
}

/** The bytes of a response as they are on the wire. */
async function wire(url: string, body: string, headers: Headers): Promise<Wire> {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect(Number(port), hostname);
  const lines = Object.entries({
    host: "fake",
    connection: "close",
    "content-length": String(body.length),
    ...headers,
  });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  socket.write(`POST ${pathname} HTTP/1.1\r\n${head}\r\n${body}`);
  const chunks: Buffer[] = [];
  let error: string | undefined;
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("error", (reason: NodeJS.ErrnoException) => (error = reason.code));
  await new Promise((resolve) => socket.on("close", resolve));
  const bytes = Buffer.concat(chunks);
  const end = bytes.indexOf("\r\n\r\n");
  return { bytes, head: bytes.toString("latin1", 0, end), body: bytes.subarray(end + 4), error };
}

/** The chunks of a chunked body (RFC 9112, 7.1), and what stands behind the last one. */
function chunksOf(body: Buffer): { chunks: Buffer[]; rest: string } {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const line = body.indexOf("\r\n", at);
    const size = line < 0 ? NaN : parseInt(body.toString("latin1", at, line), 16);
    if (Number.isNaN(size)) return { chunks, rest: body.toString("latin1", at) };
    if (size === 0) return { chunks, rest: body.toString("latin1", at) };
    chunks.push(body.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
}

describe("unless told otherwise", () => {
  it("JSON has a length, a stream a chunk for each event", async () => {
    const url = await start();
    const json = await wire(url, JSON_BODY, {});
    expect(json.head).toMatch(/^content-length: \d+$/im);
    expect(json.body.length).toBe(Number(/^content-length: (\d+)$/im.exec(json.head)![1]));
    const stream = await wire(url, STREAM_BODY, {});
    expect(stream.head).toMatch(/^transfer-encoding: chunked$/im);
    const { chunks, rest } = chunksOf(stream.body);
    expect(chunks).toHaveLength(EVENTS);
    for (const chunk of chunks) expect(chunk.toString()).toMatch(/^data: [^\n]*\n\n$/);
    expect(rest).toBe("0\r\n\r\n");
  });
});

describe("delays", () => {
  it("delay the first byte", async () => {
    const url = await start();
    const began = performance.now();
    await open(url, post({ "x-fake-delay-ms": "40" }), (request) => request.end(STREAM_BODY));
    expect(performance.now() - began).toBeGreaterThanOrEqual(39);
  });

  it("delay after each event, and not before the first", async () => {
    const url = await start();
    const headers = post({ "x-fake-event-delay-ms": "40" });
    const response = await open(url, headers, (request) => request.end(STREAM_BODY));
    const times: number[] = [];
    response.on("data", () => times.push(performance.now()));
    await once(response, "end");
    expect(times).toHaveLength(EVENTS);
    for (let i = 1; i < EVENTS; ++i) expect(times[i]! - times[i - 1]!).toBeGreaterThan(20);
  });
});

describe("counts", () => {
  const answerTo = async (body: object, headers: Headers): Promise<unknown> => {
    const { body: text } = await send(await start(), post(headers), JSON.stringify(body));
    const { usage, choices } = JSON.parse(text) as {
      usage: { prompt_tokens: number; completion_tokens: number };
      choices: [{ finish_reason: string }];
    };
    return [usage.prompt_tokens, usage.completion_tokens, choices[0].finish_reason];
  };

  it("say the input, and where an answer ends by itself below the limit", async () => {
    const headers = { "x-fake-input-tokens": "17", "x-fake-natural-tokens": "9" };
    expect(await answerTo({ ...CHAT, max_tokens: undefined }, headers)).toEqual([17, 9, "stop"]);
    expect(await answerTo({ ...CHAT, max_tokens: 10 }, headers)).toEqual([17, 9, "stop"]);
    expect(await answerTo({ ...CHAT, max_tokens: 8 }, headers)).toEqual([17, 8, "length"]);
  });
});

describe("a server that is asked to tell of requests", () => {
  it("waits with its answer", async () => {
    let release = (): void => undefined;
    const told: unknown[] = [];
    const onRequest = (headers: Record<string, unknown>): Promise<void> => {
      told.push(headers["x-call"]);
      return new Promise((resolve) => (release = resolve));
    };
    const pending = send(await start({ onRequest }), post({ "x-call": "7" }), JSON_BODY);
    const first = await Promise.race([pending, new Promise((resolve) => setTimeout(resolve, 30, "waiting"))]);
    expect([first, told]).toEqual(["waiting", ["7"]]);
    release();
    expect((await pending).status).toBe(200);
  });
});

describe("errors", () => {
  it("are answered instead", async () => {
    const response = await send(await start(), post({ "x-fake-error": "503" }), STREAM_BODY);
    expect(response.status).toBe(503);
    expect(JSON.parse(response.body)).toMatchObject({ error: { type: "server_error" } });
  });

  it("come in the middle of a stream, which then ends well", async () => {
    const { head, body } = await wire(await start(), STREAM_BODY, { "x-fake-error-after": "2" });
    expect(head).toMatch(/^HTTP\/1.1 200 /);
    const { chunks, rest } = chunksOf(body);
    expect(chunks).toHaveLength(3);
    expect(chunks[2]!.toString()).toMatch(/^data: \{"error":/);
    expect(rest).toBe("0\r\n\r\n");
  });
});

describe("cuts", () => {
  it.each([0, 1, 4])("a stream after %d events, without a last chunk", async (events) => {
    const { head, body } = await wire(await start(), STREAM_BODY, { "x-fake-abort-after": String(events) });
    expect(head).toMatch(/^HTTP\/1.1 200 /);
    const { chunks, rest } = chunksOf(body);
    expect(chunks).toHaveLength(events);
    expect(rest).toBe("");
  });

  it("are seen by clients", async () => {
    const pending = send(await start(), post({ "x-fake-abort-after": "1" }), STREAM_BODY);
    await expect(pending).rejects.toThrow("aborted");
  });

  it("JSON in the middle", async () => {
    const { head, body } = await wire(await start(), JSON_BODY, { "x-fake-abort-after": "9" });
    const length = Number(/^content-length: (\d+)$/im.exec(head)![1]);
    expect(body.length).toBe(Math.floor(length / 2));
  });

  it("reset a connection before the first byte", async () => {
    const { bytes, error } = await wire(await start(), STREAM_BODY, { "x-fake-reset": "1" });
    expect(bytes).toHaveLength(0);
    expect(error).toBe("ECONNRESET");
  });
});

describe("framing", () => {
  it("JSON can be chunked", async () => {
    const { head, body } = await wire(await start(), JSON_BODY, { "x-fake-framing": "chunked" });
    expect(head).not.toMatch(/^content-length/im);
    const { chunks, rest } = chunksOf(body);
    expect(JSON.parse(chunks.join(""))).toHaveProperty("usage.total_tokens", 6);
    expect(rest).toBe("0\r\n\r\n");
  });

  it("a stream can have a length", async () => {
    const { head, body } = await wire(await start(), STREAM_BODY, { "x-fake-framing": "length" });
    expect(head).not.toMatch(/^transfer-encoding/im);
    expect(body.length).toBe(Number(/^content-length: (\d+)$/im.exec(head)![1]));
    expect(body.toString()).toMatch(/\n\ndata: \[DONE\]\n\n$/);
  });

  it.each([JSON_BODY, STREAM_BODY])("trailers come after the last chunk", async (request) => {
    const url = await start();
    const { head, body } = await wire(url, request, { "x-fake-trailers": "1" });
    expect(head).toMatch(/^trailer: x-fake-trailer$/im);
    expect(chunksOf(body).rest).toBe("0\r\nx-fake-trailer: end\r\n\r\n");
    expect((await send(url, post({ "x-fake-trailers": "1" }), request)).trailers).toEqual({
      "x-fake-trailer": "end",
    });
  });

  it("a body can come in pieces of any size", async () => {
    const url = await start();
    const whole = (await send(url, post({}), STREAM_BODY)).body;
    for (const size of [1, 100, 300, 1_000_000]) {
      const { body } = await wire(url, STREAM_BODY, { "x-fake-piece-bytes": String(size) });
      const { chunks } = chunksOf(body);
      expect(chunks.join("")).toBe(whole);
      expect(new Set(chunks.slice(0, -1).map((chunk) => chunk.length))).toEqual(
        new Set(chunks.length > 1 ? [size] : []),
      );
      expect(chunks).toHaveLength(Math.ceil(whole.length / size));
    }
  });

  it("pieces of JSON are sent one by one", async () => {
    const headers = post({ "x-fake-piece-bytes": "50", "x-fake-event-delay-ms": "5" });
    const response = await open(await start(), headers, (request) => request.end(JSON_BODY));
    const sizes: number[] = [];
    response.on("data", (chunk: Buffer) => sizes.push(chunk.length));
    await once(response, "end");
    expect(sizes.length).toBeGreaterThan(3);
    expect(new Set(sizes.slice(0, -1))).toEqual(new Set([50]));
  });
});

describe("gzip", () => {
  it.each([
    ["gzip", true],
    ["br, gzip;q=0.5", true],
    ["*", true],
    ["gzip;q=0", false],
    ["gzip; q=0.000, br", false],
    ["br", false],
    ["", false],
  ])("is used for accept-encoding: %s: %s", async (acceptEncoding, used) => {
    const headers = { "x-fake-gzip": "accepted", "accept-encoding": acceptEncoding };
    const { head, body } = await wire(await start(), JSON_BODY, headers);
    expect(/^content-encoding: gzip$/im.test(head)).toBe(used);
    expect(JSON.parse(String(used ? gunzipSync(body) : body))).toHaveProperty("usage.total_tokens", 6);
  });

  it("can be forced", async () => {
    const { head, body } = await wire(await start(), JSON_BODY, { "x-fake-gzip": "forced" });
    expect(head).toMatch(/^content-encoding: gzip$/im);
    expect(body.length).toBe(Number(/^content-length: (\d+)$/im.exec(head)![1]));
    expect(JSON.parse(String(gunzipSync(body)))).toHaveProperty("usage.total_tokens", 6);
  });

  it("each event of a stream can be read as soon as it has come", async () => {
    const url = await start();
    const plain = await send(url, post({}), STREAM_BODY);
    const { chunks } = chunksOf((await wire(url, STREAM_BODY, { "x-fake-gzip": "forced" })).body);
    expect(chunks).toHaveLength(EVENTS);
    expect(String(gunzipSync(Buffer.concat(chunks)))).toBe(plain.body);
    const cut = await wire(url, STREAM_BODY, { "x-fake-gzip": "forced", "x-fake-abort-after": "2" });
    const begun = Buffer.concat(chunksOf(cut.body).chunks);
    // Z_SYNC_FLUSH: read what is there of a stream that has no end.
    const text = String(gunzipSync(begun, { finishFlush: 2 }));
    expect(text.match(/^data: /gm)).toHaveLength(2);
    expect(text.endsWith("\n\n")).toBe(true);
  });

  it("of a large body loses nothing", async () => {
    const url = await start();
    const request = JSON.stringify({ ...CHAT, max_tokens: 50_000 });
    const { body } = await wire(url, request, { "x-fake-gzip": "forced", "x-fake-language": "chinese" });
    expect(JSON.parse(String(gunzipSync(body)))).toHaveProperty("usage.completion_tokens", 50_000);
  });
});

describe("switches", () => {
  it("may be set for every request, and a header wins", async () => {
    const url = await start({ error: 500, delayMs: 1, noUsage: true });
    expect((await send(url, post({}), STREAM_BODY)).status).toBe(500);
    expect((await send(url, post({ "x-fake-error": "418" }), STREAM_BODY)).status).toBe(418);
  });

  it("can be switched off by a header", async () => {
    const url = await start({ noUsage: true });
    expect((await send(url, post({}), JSON_BODY)).body).not.toContain("usage");
    expect((await send(url, post({ "x-fake-no-usage": "0" }), JSON_BODY)).body).toContain("usage");
  });

  it("work together", async () => {
    const headers = { "x-fake-gzip": "forced", "x-fake-trailers": "1", "x-fake-piece-bytes": "7" };
    const { body } = await wire(await start(), STREAM_BODY, headers);
    const { chunks, rest } = chunksOf(body);
    expect(chunks[0]).toHaveLength(7);
    expect(rest).toContain("x-fake-trailer: end");
    expect(String(gunzipSync(Buffer.concat(chunks)))).toMatch(/\n\ndata: \[DONE\]\n\n$/);
  });

  it.each([
    ["x-fake-error", "200", "x-fake-error: expected a whole number from 400 to 599, got 200"],
    ["x-fake-error", "5oo", "x-fake-error: expected a whole number from 400 to 599, got 5oo"],
    ["x-fake-reset", "yes", "x-fake-reset: expected 1 or 0, got yes"],
    ["x-fake-gzip", "1", "x-fake-gzip: expected one of accepted, forced, got 1"],
    ["x-fake-abort", "1", "there is no switch x-fake-abort"],
    [
      "x-fake-dialect",
      "gemini",
      "the dialects of /v1/chat/completions are openai-chat, deepseek, moonshot, xai, not gemini",
    ],
  ])("%s: %s is refused", async (name, value, message) => {
    const response = await send(await start(), post({ [name]: value }), STREAM_BODY);
    expect(response.status).toBe(400);
    expect(JSON.parse(response.body)).toMatchObject({ error: { message, param: name } });
  });
});

it("a client that goes away in the middle leaves the fake as it was", async () => {
  const url = await start();
  const request = httpRequest(url, post({ "x-fake-event-delay-ms": "10" })).end(STREAM_BODY);
  request.on("error", () => undefined);
  await once(request, "response");
  request.destroy();
  expect((await send(url, post({}), JSON_BODY)).status).toBe(200);
});
