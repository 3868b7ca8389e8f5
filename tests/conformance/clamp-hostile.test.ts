// Contract: with `reservation.mode: clamp`, a caller gets no more output than was reserved, however the request is written. What
// cannot be limited has all of the room that is left to itself, or none. Specified in README.md, "A hard ceiling".
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import {
  chargeOf,
  CONTINUE,
  counter,
  made,
  MODULES,
  PER_KEY,
  ROOT,
  start,
  usageBody,
} from "../support/filter.ts";
import { held, holdOf, settlementOf } from "../support/hold-commands.ts";
import type { StrictHost } from "../support/strict-host.ts";

const CHAT = "/v1/chat/completions";
const config = (more: object = {}, others: object = {}): object => ({
  ...PER_KEY,
  reservation: { mode: "clamp", default_output_tokens: 64, min_output_tokens: 8, ...more },
  ...others,
});
const CLAMP = config();
const ANY = 2 ** 53;
/** Takes what is left, however little that is; and is never admitted. */
const ALL_THAT_IS_LEFT = { output: ANY, least: 0, assumed: false };
const NO_ROOM = { output: ANY, least: ANY, assumed: false };
const prompt = (more: object = {}): string =>
  JSON.stringify({ model: "m", messages: [{ role: "user", content: "Say hello to the world." }], ...more });

/** A request whose body has arrived; what it asks for is the only command in flight. */
function post(
  host: StrictHost,
  body: string | Uint8Array,
  { id = 2, headers = {}, path = CHAT }: { id?: number; headers?: object; path?: string } = {},
) {
  const stream = host.request(id, ROOT, { "x-api-key": "alice", ":path": path, ...headers }, false);
  if (host.pending.length === 0) host.requestBody(id, body, true);
  expect(host.pending).toHaveLength(1);
  return { stream, hold: holdOf(host.pending[0]!) };
}
const sentTo = (host: StrictHost, id = 2): string =>
  Buffer.from(host.streams.get(id)!.toServer).toString("utf8");

describe.each(MODULES)("%s", (_name, file) => {
  it.each([
    ["is said to be compressed", { "content-encoding": "gzip" }],
    ["is said not to be compressed", { "content-encoding": "identity" }],
    ["has no JSON's type", { "content-type": "multipart/form-data; boundary=x" }],
    ["asks for an upgrade", { upgrade: "websocket", connection: "upgrade", "content-length": "100" }],
    ["asks for a newer protocol", { upgrade: "h2c", connection: "upgrade" }],
    ["has another method", { ":method": "PUT" }],
    ["has the method of another request", { ":method": "GET", "content-length": "100" }],
    ["may be led elsewhere", { "x-original-url": "/v1/embeddings" }],
  ])("limits a body that %s: servers may ignore that", async (_what, headers) => {
    const host = await start(file, CLAMP);
    const { hold } = post(host, prompt({ max_tokens: 5000 }), { headers });
    expect(hold).toMatchObject({ output: 5000, least: 8 });
    host.reply(ROOT, held(37));
    expect(JSON.parse(sentTo(host))).toMatchObject({ max_tokens: 37 });
  });

  it.each([
    ["is followed by something", `${prompt()} x`],
    ["is followed by another", `${prompt()}${prompt()}`],
    ["begins with a comment", `/**/${prompt()}`],
    ["is in UTF-16", Buffer.from(prompt(), "utf16le")],
    ["is cut", prompt().slice(0, -1)],
    ["is a list", `[${prompt()}]`],
    ["is a form", "max_tokens=5000"],
    ["is in parts", `--x\r\n\r\n${prompt()}\r\n--x--`],
    ["is blank", "  \n"],
    ["has more caps than can be lowered", `{${Array(20).fill('"max_tokens":5').join()}}`],
    ["has a list in place of a cap", prompt({ max_tokens: [5] })],
  ])("has no room for a body that %s", async (_what, body) => {
    const host = await start(file, CLAMP);
    expect(post(host, body).hold).toMatchObject(NO_ROOM);
    expect(
      post(await start(file, CLAMP), body, { headers: { authorization: "AWS4-HMAC-SHA256 x" } }).hold,
    ).toMatchObject(NO_ROOM);
  });

  it.each([
    "/v1/embeddings/../chat/completions",
    "/v1/chat/completions%23/embeddings",
    "/v1/embeddings%3f/chat/completions",
  ])("has no room for a call of %s, which servers read differently", async (path) => {
    expect(post(await start(file, CLAMP), prompt(), { path }).hold).toMatchObject(NO_ROOM);
    const little = prompt({ max_tokens: 5 });
    expect(post(await start(file, CLAMP), little, { path }).hold).toMatchObject(NO_ROOM);
    const estimate = await start(file, config({ mode: "estimate" }));
    expect(post(estimate, little, { path }).hold).toMatchObject({ output: 64, assumed: true });
  });

  it("leaves a request without a body to the server", async () => {
    const host = await start(file, CLAMP);
    host.request(2, ROOT, { "x-api-key": "alice", ":method": "GET", ":path": CHAT });
    expect(holdOf(host.pending[0]!)).toMatchObject({ output: 64, least: 0, assumed: true });
    expect(post(await start(file, CLAMP), "").hold).toMatchObject({ assumed: true });
  });

  it.each<[string, string | Uint8Array, object]>([
    ["compressed", gzipSync(prompt({ max_tokens: 5000 })), { "content-encoding": "gzip" }],
    ["signed, without a cap", prompt(), { authorization: "AWS4-HMAC-SHA256 Credential=x" }],
    ["signed by its hash, without a cap", prompt(), { "x-amz-content-sha256": "0".repeat(64) }],
    ["too long", prompt(), { "content-length": "524289" }],
    [
      "answered by a fallback with a cap of its own",
      prompt({ max_tokens: 5, fallbacks: [{ model: "m2", max_tokens: 100_000 }] }),
      {},
    ],
    ["answered by one in other letters", prompt({ max_tokens: 5, Fall_Backs: [{ model: "m2" }] }), {}],
  ])("lets no other call pass beside a body that is %s", async (_what, body, headers) => {
    const host = await start(file, CLAMP);
    const { stream, hold } = post(host, body, { headers });
    expect(hold).toMatchObject(ALL_THAT_IS_LEFT);
    host.reply(ROOT, held(41));
    expect(stream.continued).toBe(1);
    host.requestBody(2, body, true);
    host.responseHeaders(2, { "content-type": "application/json" });
    host.responseBody(2, usageBody(8, 4), true);
    expect(settlementOf(host.pending[0]!)).toMatchObject({ tokens: 12, held: hold.input + 41 });
  });

  it("nor beside one that turns out to be too long by a byte, or ends with trailers", async () => {
    const long = await start(file, config({ max_body_bytes: 100 }));
    long.request(2, ROOT, { "x-api-key": "alice" }, false);
    for (let i = 0; i < 100; ++i) long.requestBody(2, "x");
    expect(long.pending).toHaveLength(0);
    long.requestBody(2, "x");
    expect(holdOf(long.pending[0]!)).toMatchObject(ALL_THAT_IS_LEFT);
    const trailing = await start(file, CLAMP);
    trailing.request(2, ROOT, { "x-api-key": "alice" }, false);
    trailing.requestBody(2, prompt());
    trailing.requestTrailers(2);
    expect(holdOf(trailing.pending[0]!)).toMatchObject(ALL_THAT_IS_LEFT);
  });

  it.each([
    ["nobody pays for output", { input: 1, output: 0, reasoning: 0 }, 0],
    ["output is dear", { output: 5 }, ANY],
  ])("asks for no more than is possible when %s", async (_what, weights, output) => {
    const host = await start(file, config({}, { token_weights: weights }));
    expect(post(host, `${prompt()} x`).hold).toMatchObject({ output, least: output });
  });

  it("grants a caller what it wants where a server may ignore that, and sees to it", async () => {
    const body = prompt({ model: "llama3", max_completion_tokens: 500 });
    const host = await start(file, CLAMP);
    expect(post(host, body).hold).toMatchObject({ output: 500, least: 8 });
    host.reply(ROOT, held(500));
    expect(JSON.parse(sentTo(host))).toMatchObject({ max_tokens: 500, max_completion_tokens: 500 });
    const estimate = await start(file, config({ mode: "estimate" }));
    expect(post(estimate, body).hold).toMatchObject({ output: 500, least: 500, assumed: false });
    const little = prompt({ model: "llama3", max_completion_tokens: 5 });
    expect(post(await start(file, config({ mode: "estimate" })), little).hold).toMatchObject({
      output: 64,
      assumed: true,
    });
  });

  it.each([
    [{ n: 3 }, { output: 0.3 }, 1],
    [{ n: 7 }, { output: 0.0001 }, 1],
    [{ n: 1 }, { output: 3 }, 24],
  ])("never writes a cap of 0, which may mean none: %j with %j", async (fields, weights, granted) => {
    const host = await start(
      file,
      config({ min_output_tokens: 1 }, { token_weights: { ...weights, reasoning: 0 } }),
    );
    post(host, prompt({ ...fields, max_tokens: 50_000_000 }));
    host.reply(ROOT, held(granted));
    expect((JSON.parse(sentTo(host)) as { max_tokens: number }).max_tokens).toBeGreaterThan(0);
  });

  it.each([
    ["gone", 0],
    ["incomplete", 30],
  ])(
    "rejects a call whose body is %s when its cap has to be written, and gives back what it reserved",
    async (_what, size) => {
      const host = await start(file, CLAMP);
      const { stream, hold } = post(host, prompt({ max_tokens: 500 }));
      stream.requestBody = stream.requestBody.slice(0, size);
      host.reply(ROOT, held(37));
      expect(stream.localResponse).toMatchObject({ code: 429 });
      expect(settlementOf(host.pending[0]!)).toMatchObject({ tokens: 0, held: hold.input + 37 });
    },
  );

  it("rejects a call whose reply comes before its body is whole in the buffer, if it has to be written", async () => {
    const host = await start(file, CLAMP);
    host.onRedisCall = (command) => {
      host.onRedisCall = () => {};
      host.reply(ROOT, held(37), command);
    };
    const stream = host.request(2, ROOT, { "x-api-key": "alice" }, false);
    host.requestBody(2, prompt({ max_tokens: 500 }), true);
    expect(stream.localResponse).toMatchObject({ code: 429 });
  });

  it("counts a connection by itself, and gives back the hold, if a call changes the protocol after all", async () => {
    const host = await start(file, CLAMP);
    const headers = { upgrade: "websocket", "sec-websocket-version": "13" };
    const { hold } = post(host, prompt({ max_tokens: 5 }), { headers });
    host.reply(ROOT, held(5));
    host.responseHeaders(2, { ":status": "101", upgrade: "websocket" });
    const event = JSON.stringify({
      type: "response.done",
      response: { usage: { input_tokens: 8, output_tokens: 4 } },
    });
    host.responseBody(2, Buffer.concat([Buffer.of(0x81, event.length), Buffer.from(event)]));
    expect(chargeOf(host.pending[0]!)).toMatchObject({ tokens: 12 });
    host.reply(ROOT, made(12));
    host.end(2);
    const settlement = host.pending.find((command) =>
      command.args.map(String).includes(String(hold.input + 5)),
    );
    expect(settlementOf(settlement!)).toMatchObject({ tokens: 0, held: hold.input + 5 });
  });

  it("still checks a WebSocket without a reservation", async () => {
    const host = await start(file, CLAMP);
    const headers = { "x-api-key": "alice", ":method": "GET", ":path": "/v1/realtime", upgrade: "websocket" };
    const stream = host.request(2, ROOT, headers, false);
    host.reply(ROOT, counter(10));
    expect(stream.continued).toBe(1);
    expect(host.requestBody(2, "frames")).toBe(CONTINUE);
  });
});
