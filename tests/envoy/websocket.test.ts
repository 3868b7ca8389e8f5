// Scenario: clients talk to a model over WebSockets through a real Envoy. Each response is charged as it is reported, and
// who comes above the limit is closed.
import { connect as connectHttp2 } from "node:http2";
import { connect, createServer, type AddressInfo } from "node:net";
import OpenAI from "openai";
import { OpenAIRealtimeWS } from "openai/realtime/ws";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startRealtimeServer, type RealtimeServer } from "../support/realtime-server.ts";
import { frame, masked, responseDone } from "../support/websocket.ts";
import { open, type Client } from "../support/websocket-client.ts";
import { isAvailable, type Envoy, type HttpConnectionManager } from "../../tools/envoy/processes.ts";
import { eventually, untilCounter } from "../../tools/calls.ts";
import { REDIS, startBackends, type Backends } from "../../tools/envoy/backends.ts";

const CONFIGURATION = {
  rule_name: "r",
  rule_items: [{ limit_by_per_header: "authorization", limit_keys: [{ key: "*", token_per_hour: 100 }] }],
  redis: REDIS,
};
const PREFIX = "higress-token-ratelimit:r:limit_by_per_header:3600:authorization:";

describe.skipIf(!isAvailable)("a WebSocket through Envoy", () => {
  let backends: Backends;
  let server: RealtimeServer;
  let envoy: Envoy;
  beforeAll(async () => {
    [backends, server] = await Promise.all([startBackends(), startRealtimeServer()]);
    envoy = await backends.envoy({ configuration: CONFIGURATION, llmPort: server.port });
  });
  afterAll(async () => {
    await backends.close();
    await server.close();
  });
  beforeEach(() => backends.redis.flushall());

  const as = (key: string): Promise<Client> =>
    open(`${envoy.url}/v1/realtime?model=m`, { headers: { authorization: key } });
  const counterOf = (key: string): string => PREFIX + key;

  it("is charged for each response as it comes, and asks for no extension", async () => {
    const client = await as("a");
    client.send({ type: "response.create", input_tokens: 20, output_tokens: 10, words: 3 });
    await client.next("response.done");
    await untilCounter(backends.redis, counterOf("a"), 30);
    client.send({ type: "response.create", input_tokens: 30, output_tokens: 5, words: 1, frames: 7 });
    await client.next("response.done");
    await untilCounter(backends.redis, counterOf("a"), 65);
    expect(client.extensions).toBe("");
    expect(server.extensions.at(-1)).toBeUndefined();
    client.socket.close(1000);
    expect((await client.end).code).toBe(1000);
    expect(await backends.redis.get(counterOf("a"))).toBe("65");
  });

  it("is charged for long frames too, and passes them whole", async () => {
    const client = await as("long");
    client.send({ type: "response.create", input_tokens: 1, output_tokens: 2, words: 3, padding: 200_000 });
    const delta = await client.next("response.output_text.delta");
    expect(delta.obfuscation).toBe("x".repeat(200_000));
    await client.next("response.done");
    await untilCounter(backends.redis, counterOf("long"), 3);
    client.socket.close();
  });

  it("is closed with 1008 at its next message above the limit, which does not reach the model", async () => {
    const client = await as("b");
    client.send({ type: "response.create", input_tokens: 100, output_tokens: 1 });
    await client.next("response.done");
    await untilCounter(backends.redis, counterOf("b"), 101);
    const before = server.received.length;
    client.send({ type: "response.create", input_tokens: 100, output_tokens: 1 });
    client.send({ type: "response.create", input_tokens: 100, output_tokens: 1 });
    expect(await client.end).toEqual({ code: 1008, reason: "token rate limit exceeded" });
    expect(server.received.length).toBe(before);
    expect(await backends.redis.get(counterOf("b"))).toBe("101");
    await expect(as("b")).rejects.toThrow("HTTP 429");
    expect(await envoy.stat("ai_token_ratelimit.closed_connections")).toBeGreaterThan(0);
  });

  it("is closed with 1008 while the model answers", async () => {
    for (let i = 0; i < 20; ++i) {
      const client = await as(`c${i}`);
      client.send({ type: "response.create", input_tokens: 100, output_tokens: 1 });
      client.send({ type: "response.create", endless: true });
      expect(await client.end).toEqual({ code: 1008, reason: "token rate limit exceeded" });
    }
  });

  it("is charged at least its prompt when it is left before the answer", async () => {
    const client = await as("d");
    client.send({ type: "response.create", endless: true, input: "lorem ipsum ".repeat(500) });
    await client.next("response.created");
    client.socket.terminate();
    const tokens = await untilCharged(backends, counterOf("d"));
    expect(tokens).toBeGreaterThan(900);
    expect(tokens).toBeLessThan(2000);
  });

  it("serves OpenAI's client, to the limit", async () => {
    const { hostname, port } = new URL(envoy.url);
    const openai = new OpenAI({ apiKey: "sk-e", baseURL: `${envoy.url}/v1` });
    // The client insists on TLS, which is not what this is about.
    const createConnection = (): ReturnType<typeof connect> => connect(Number(port), hostname);
    const realtime = new OpenAIRealtimeWS({ model: "gpt-realtime", options: { createConnection } }, openai);
    const ask = (): void =>
      realtime.send({ type: "response.create", input_tokens: 90, output_tokens: 20 } as never);
    const usage = await new Promise((reported) => {
      realtime.on("session.created", ask);
      realtime.on("response.done", ({ response }) => reported(response.usage));
    });
    expect(usage).toMatchObject({ total_tokens: 110 });
    await untilCounter(backends.redis, counterOf("Bearer sk-e"), 110);
    const closed = new Promise((end) => realtime.socket.on("close", (code: number) => end(code)));
    ask();
    expect(await closed).toBe(1008);
  });

  it("is read in the same way over HTTP/2", async () => {
    const change = (manager: HttpConnectionManager): void => {
      Object.assign(manager, { http2_protocol_options: { allow_connect: true } });
    };
    const http2 = await backends.envoy({ configuration: CONFIGURATION, llmPort: server.port, change });
    const session = connectHttp2(http2.url);
    await new Promise((known) => session.once("remoteSettings", known));
    const stream = session.request(
      {
        ...{ ":method": "CONNECT", ":protocol": "websocket", ":path": "/v1/realtime", authorization: "h2" },
        ...{ "sec-websocket-version": "13", "sec-websocket-extensions": "permessage-deflate" },
        // HTTP/2 needs none, but the server speaks HTTP/1.1, and Envoy invents none.
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      },
      { endStream: false },
    );
    const status = await new Promise((answered) =>
      stream.once("response", (headers) => answered(headers[":status"])),
    );
    expect(status).toBe(200);
    const said: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => said.push(chunk));
    // Envoy ends a stream that was a CONNECT with a reset when its upstream closes.
    const ended = new Promise((end) => stream.once("close", end).once("error", () => undefined));
    const ask = { type: "response.create", input_tokens: 100, output_tokens: 7, words: 2 };
    stream.write(masked(JSON.stringify(ask)));
    await untilCounter(backends.redis, counterOf("h2"), 107);
    expect(server.extensions.at(-1)).toBeUndefined();
    stream.write(masked(JSON.stringify(ask)));
    await eventually(() => Buffer.concat(said).includes("token rate limit exceeded") || undefined);
    expect(Buffer.concat(said).includes(frame(responseDone(100, 7)))).toBe(true);
    stream.write(masked(Buffer.from([0x03, 0xf0]), { opcode: 8 }));
    await ended;
    session.close();
  });

  it("is refused where that is configured", async () => {
    const refusing = await backends.envoy({
      configuration: { ...CONFIGURATION, upgrade: "refuse" },
      llmPort: server.port,
    });
    const asked = open(`${refusing.url}/v1/realtime`, { headers: { authorization: "f" } });
    await expect(asked).rejects.toThrow("HTTP 403");
    await eventually(() =>
      refusing.lines.find((line) => line.includes("403 ai-token-ratelimit.upgrade_refused")),
    );
    const unlimited = await open(`${refusing.url}/v1/realtime`);
    expect((await unlimited.next("session.created")).type).toBe("session.created");
    unlimited.socket.terminate();
  });

  it("is charged by its size, and cut off, where it is an upgrade to something else", async () => {
    const echo = createServer((socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n");
        socket.on("data", (chunk) => socket.write(chunk));
      });
      socket.on("error", () => undefined);
    });
    await new Promise<void>((listening) => echo.listen(0, "127.0.0.1", listening));
    const change = (manager: HttpConnectionManager): void => {
      Object.assign(manager, { upgrade_configs: [{ upgrade_type: "other" }] });
    };
    const llmPort = (echo.address() as AddressInfo).port;
    const other = await backends.envoy({ configuration: CONFIGURATION, llmPort, change });
    const { hostname, port } = new URL(other.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      "GET / HTTP/1.1\r\nhost: h\r\nauthorization: g\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n",
    );
    const closed = new Promise((end) => socket.once("close", end));
    socket.on("error", () => undefined);
    await new Promise((answered) => socket.once("data", answered));
    socket.on("data", () => undefined);
    const more = setInterval(() => socket.write(Buffer.alloc(10_000)), 5);
    await closed;
    clearInterval(more);
    expect(Number(await backends.redis.get(counterOf("g")))).toBeGreaterThan(32_000);
    echo.close();
  });
});

/** What a counter holds once it holds anything. */
async function untilCharged({ redis }: Backends, key: string): Promise<number> {
  const deadline = Date.now() + 5_000;
  for (;;) {
    const value = await redis.get(key);
    if (value !== null) return Number(value);
    if (Date.now() > deadline) throw new Error(`${key} was not charged`);
    await new Promise((again) => setTimeout(again, 10));
  }
}
