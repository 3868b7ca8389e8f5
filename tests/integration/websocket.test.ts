// Scenario: `serve` with the built filter carries WebSockets to a model, and counts what is said.
import { request } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startRealtimeServer, type RealtimeServer } from "../support/realtime-server.ts";
import { startStack, untilCounter, type Stack } from "../support/stack.ts";
import { open, type Client } from "../support/websocket-client.ts";

const CONFIG = {
  rule_name: "r",
  rule_items: [{ limit_by_per_header: "authorization", limit_keys: [{ key: "*", token_per_hour: 100 }] }],
  redis: { service_name: "redis.static" },
};

describe("the local gateway", () => {
  let server: RealtimeServer;
  let stack: Stack;
  beforeAll(async () => {
    server = await startRealtimeServer();
    stack = await startStack({ config: CONFIG, upstream: `http://127.0.0.1:${server.port}` });
  });
  afterAll(async () => {
    await stack.close();
    await server.close();
  });
  beforeEach(() => stack.redis.flushall());

  const as = (key: string): Promise<Client> =>
    open(`${stack.gateway.url}/v1/realtime`, { headers: { authorization: key } });
  const counterOf = (key: string): string =>
    `higress-token-ratelimit:r:limit_by_per_header:3600:authorization:${key}`;

  it("carries a WebSocket through the filter, which charges each response and asks for no extension", async () => {
    const client = await as("a");
    client.send({ type: "response.create", input_tokens: 20, output_tokens: 10, words: 3, padding: 300_000 });
    await client.next("response.done");
    await untilCounter(stack.redis, counterOf("a"), 30);
    client.send({ type: "response.create", input_tokens: 30, output_tokens: 5, frames: 7 });
    await client.next("response.done");
    await untilCounter(stack.redis, counterOf("a"), 65);
    expect([client.extensions, server.extensions.at(-1)]).toEqual(["", undefined]);
    client.socket.close(1000, "done");
    expect(await client.end).toEqual({ code: 1000, reason: "done" });
    expect(server.closed.at(-1)).toBe(1000);
  });

  it("closes it with 1008 above the limit, and rejects the next", async () => {
    const client = await as("b");
    client.send({ type: "response.create", input_tokens: 100, output_tokens: 1 });
    await client.next("response.done");
    await untilCounter(stack.redis, counterOf("b"), 101);
    client.send({ type: "response.create" });
    expect(await client.end).toEqual({ code: 1008, reason: "token rate limit exceeded" });
    await expect(as("b")).rejects.toThrow("HTTP 429");
    const flood = await as("c");
    flood.send({ type: "response.create", input_tokens: 100, output_tokens: 1 });
    flood.send({ type: "response.create", endless: true });
    expect((await flood.end).code).toBe(1008);
  });

  it("ends the other side when one is gone", async () => {
    const client = await as("d");
    client.send({ type: "response.create", endless: true });
    await client.next("response.output_text.delta");
    const before = server.closed.length;
    client.socket.terminate();
    await new Promise<void>((gone) => {
      const look = (): void => (server.closed.length > before ? gone() : void setTimeout(look, 5));
      look();
    });
  });

  it("reads a request for another protocol as one of HTTP, with its body, and keeps the connection", async () => {
    const { hostname, port } = new URL(stack.gateway.url);
    const body = "not for a WebSocket";
    const socket = connect(Number(port), hostname);
    const head = (upgrade: string): string =>
      `POST /x HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: ${upgrade}\r\ncontent-length: ${body.length}\r\n\r\n`;
    let answers = "";
    socket.on("data", (chunk) => (answers += chunk.toString()));
    for (const [index, upgrade] of ["h2c", "websocket", "other"].entries()) {
      socket.write(head(upgrade) + body);
      // The server of WebSockets knows nothing else: 426.
      await new Promise<void>((answered) => {
        const look = (): void =>
          answers.split("HTTP/1.1 426").length === index + 2 ? answered() : void setTimeout(look, 5);
        look();
      });
    }
    socket.destroy();
  });

  it("refuses CONNECT", async () => {
    const { hostname, port } = new URL(stack.gateway.url);
    const status = await new Promise((answered) => {
      const asked = request({ hostname, port, method: "CONNECT", path: "example.com:443" });
      asked.on("connect", (response, socket) => {
        socket.destroy();
        answered(response.statusCode);
      });
      asked.end();
    });
    expect(status).toBe(405);
  });

  it("tells when the upstream does not answer, or answers no 101", async () => {
    const other = await startStack({ config: CONFIG, upstream: "http://127.0.0.1:9" });
    await expect(open(`${other.gateway.url}/`)).rejects.toThrow("HTTP 503");
    await other.close();
    const llm = await startStack({ config: CONFIG });
    await expect(open(`${llm.gateway.url}/nothing`)).rejects.toThrow("HTTP 404");
    await llm.close();
  });

  it("breaks it off when it is closed", async () => {
    const closing = await startStack({ config: CONFIG, upstream: `http://127.0.0.1:${server.port}` });
    const client = await open(`${closing.gateway.url}/`);
    await closing.close();
    expect((await client.end).code).toBe(1006);
  });
});
