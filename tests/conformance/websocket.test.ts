// Contract: a connection that becomes a WebSocket is charged for each response as it is reported, and for what was not
// reported when it ends. README.md, "What is counted".
import { describe, expect, it } from "vitest";
import {
  chargeOf,
  CONTINUE,
  counter,
  metric,
  MODULES,
  PAUSE,
  PER_KEY,
  ROOT,
  start,
} from "../support/filter.ts";
import { frame, masked, Opcode, responseDone } from "../support/websocket.ts";
import { ASKS, charges, connect, ID, prompt, SWITCHES, word } from "./connection.ts";

describe.each(MODULES)("%s", (_name, file) => {
  it("charges each response when it is reported, with its own marker, and nothing at the end", async () => {
    const host = await connect(file);
    host.requestBody(ID, masked(prompt(30)));
    host.responseBody(ID, word);
    expect(host.pending).toEqual([]);
    host.responseBody(ID, Buffer.concat([frame(responseDone(30, 5)), frame(responseDone(40, 6))]));
    const sent = host.pending.map(chargeOf);
    expect(sent.map(({ tokens }) => tokens)).toEqual([35, 46]);
    expect(new Set(sent.map(({ marker }) => marker)).size).toBe(2);
    expect(new Set(sent.flatMap(({ keys }) => keys))).toEqual(
      new Set(["higress-token-ratelimit:r:limit_by_per_header:60:x-api-key:alice"]),
    );
    charges(host);
    host.end(ID);
    expect(host.pending).toEqual([]);
    expect(metric(host, "charged_tokens")).toBe(81);
  });

  it("passes messages unchanged, and does not ask for extensions", async () => {
    const host = await start(file, PER_KEY);
    const extensions = { "sec-websocket-extensions": "permessage-deflate" };
    const stream = host.request(ID, ROOT, { "x-api-key": "a", ...ASKS, ...extensions }, false);
    expect(stream.request).not.toHaveProperty("sec-websocket-extensions");
    host.reply(ROOT, counter(0));
    host.responseHeaders(ID, SWITCHES);
    const said = Buffer.concat([masked("{}"), masked("p", { opcode: Opcode.Ping })]);
    for (const piece of [said.subarray(0, 3), said.subarray(3)]) {
      expect(host.requestBody(ID, piece)).toBe(CONTINUE);
      expect(Buffer.from(host.streams.get(ID)!.toServer)).toEqual(Buffer.from(piece));
      expect(host.responseBody(ID, frame(responseDone(1, 1)))).toBe(CONTINUE);
      expect(Buffer.from(host.streams.get(ID)!.toClient)).toEqual(frame(responseDone(1, 1)));
    }
  });

  it("applies the weights to what is reported", async () => {
    const host = await connect(file, { ...PER_KEY, token_weights: { cached_input: 0.1, output: 2 } });
    host.responseBody(ID, frame(responseDone(100, 5).replace('"cached_tokens":0', '"cached_tokens":90')));
    expect(charges(host)).toEqual([10 + 9 + 10]);
  });

  it.each([
    ["before an answer", false],
    ["within an answer", true],
  ])("charges what was not reported when the connection ends: %s", async (_, hasAnswer) => {
    const host = await connect(file);
    host.requestBody(ID, masked(prompt(300)));
    if (hasAnswer) for (let i = 0; i < 100; ++i) host.responseBody(ID, word);
    host.end(ID);
    const [tokens] = charges(host);
    expect(tokens).toBeGreaterThan(hasAnswer ? 350 : 250);
    expect(tokens).toBeLessThan(hasAnswer ? 700 : 500);
    expect(metric(host, "estimated_tokens")).toBe(tokens);
  });

  it("charges what a client sends before the server has agreed", async () => {
    const host = await start(file, PER_KEY);
    host.request(ID, ROOT, { "x-api-key": "alice", ...ASKS }, false);
    host.reply(ROOT, counter(0));
    host.requestBody(ID, masked(prompt(300)));
    host.responseHeaders(ID, SWITCHES);
    host.end(ID);
    expect(charges(host)[0]).toBeGreaterThan(250);
  });

  it("charges no estimate with missing_usage: ignore", async () => {
    const host = await connect(file, { ...PER_KEY, missing_usage: "ignore" });
    host.requestBody(ID, masked(prompt(300)));
    host.responseBody(ID, Buffer.concat([word, frame(responseDone(1, 2))]));
    host.requestBody(ID, masked(prompt(300)));
    host.end(ID);
    expect(charges(host)).toEqual([3]);
  });

  it("charges a large estimate before it is reported, and sets it off against later reports", async () => {
    const host = await connect(file);
    const chunk = frame(JSON.stringify({ type: "response.output_text.delta", delta: " lorem".repeat(5000) }));
    let ahead: number[] = [];
    while (ahead.length === 0) {
      host.responseBody(ID, chunk);
      ahead = charges(host);
    }
    expect(ahead[0]).toBeGreaterThan(32_000);
    expect(ahead[0]).toBeLessThan(60_000);
    host.responseBody(ID, frame(responseDone(100, 70_000)));
    expect(charges(host)).toEqual([70_100 - ahead[0]!]);
    host.end(ID);
    expect(host.pending).toEqual([]);
  });

  it("charges deflated messages, and protocols other than WebSocket, by size", async () => {
    const deflated = await connect(file);
    deflated.responseBody(ID, frame(Buffer.alloc(4000, 7), { reserved: 0x40 }));
    deflated.end(ID);
    expect(charges(deflated)).toEqual([1000]);
    const other = await connect(file, PER_KEY, { ...SWITCHES, upgrade: "h2c" });
    other.requestBody(ID, Buffer.alloc(4000, 7));
    other.responseBody(ID, Buffer.alloc(8000, 7));
    other.end(ID);
    expect(charges(other)).toEqual([3000]);
  });

  it("lets the response decide: a request that only asks for an upgrade gets a normal response read", async () => {
    const host = await start(file, PER_KEY);
    host.request(ID, ROOT, { "x-api-key": "alice", ...ASKS, ":method": "POST" }, false);
    host.reply(ROOT, counter(0));
    host.requestBody(
      ID,
      JSON.stringify({ messages: [{ role: "user", content: "lorem ".repeat(100) }] }),
      true,
    );
    host.responseHeaders(ID, { "content-type": "text/event-stream" });
    host.responseBody(ID, 'data: {"choices":[{"index":0,"delta":{"content":" lorem"}}]}\n\n', true);
    host.end(ID);
    expect(charges(host)[0]).toBeGreaterThan(90);
  });

  it("rejects a handshake above the limit like any request", async () => {
    const host = await start(file, PER_KEY);
    const stream = host.request(ID, ROOT, { "x-api-key": "alice", ...ASKS }, false);
    host.reply(ROOT, counter(101));
    expect(stream.localResponse?.code).toBe(429);
  });

  it("refuses upgrades if so configured, before Redis is asked, and only if a rule applies", async () => {
    const host = await start(file, { ...PER_KEY, upgrade: "refuse" });
    const stream = host.request(ID, ROOT, { "x-api-key": "alice", ...ASKS }, false);
    expect(stream.action).toBe(PAUSE);
    expect(stream.localResponse).toMatchObject({ code: 403, details: "ai-token-ratelimit.upgrade_refused" });
    expect(host.pending).toEqual([]);
    expect(metric(host, "refused_upgrades")).toBe(1);
    host.end(ID);
    expect(host.request(3, ROOT, ASKS, false).action).toBe(CONTINUE);
    expect(host.request(4, ROOT, { "x-api-key": "alice" }).localResponse).toBeNull();
  });
});
