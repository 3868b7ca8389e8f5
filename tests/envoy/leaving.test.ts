// Scenario: what a call costs in stock Envoy whose caller leaves before the answer begins, or that reaches no model. Envoy's
// attributes tell which of the two it was.
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { isAvailable, type Envoy } from "../../tools/envoy/processes.ts";
import { eventually } from "../../tools/calls.ts";
import { REDIS, startBackends, type Backends } from "../../tools/envoy/backends.ts";

const CONFIGURATION = { rule_name: "r", global_threshold: { token_per_hour: 1e9 }, redis: REDIS };
const COUNTER = "higress-token-ratelimit:r:global_threshold:3600";
/** About 400 words. */
const BODY = JSON.stringify({
  model: "m",
  messages: [{ role: "user", content: "lorem ipsum dolor sit ".repeat(100) }],
});

describe.skipIf(!isAvailable)("a call in stock Envoy", () => {
  let backends: Backends;
  let envoy: Envoy;
  let model: Server;
  /** Called with the path of each request that the model has got whole. */
  let received: (path: string) => void = () => undefined;

  beforeAll(async () => {
    model = createServer((request, response) => {
      request.resume().once("end", () => {
        const path = request.url ?? "";
        if (path.includes("reset")) request.socket.destroy();
        else if (path.includes("stream")) {
          response.writeHead(200, { "content-type": "text/event-stream" });
          response.write('data: {"type":"response.created","response":{"id":"resp_1","output":[]}}\n\n');
        } else if (path.includes("empty")) response.writeHead(200).end();
        received(path);
      });
    });
    await new Promise<void>((listening) => model.listen(0, "127.0.0.1", listening));
    backends = await startBackends();
    envoy = await backends.envoy({
      configuration: CONFIGURATION,
      llmPort: (model.address() as AddressInfo).port,
      change: (manager) => {
        manager.route_config.virtual_hosts[0].routes.unshift(
          {
            match: { prefix: "/direct" },
            direct_response: { status: 200, body: { inline_string: "served by the gateway" } },
          },
          { match: { prefix: "/nowhere" }, route: { cluster_header: "x-cluster" } },
          { match: { prefix: "/late" }, route: { cluster: "llm", timeout: "0.2s" } },
        );
      },
    });
  });
  afterAll(async () => {
    await backends.close();
    model.closeAllConnections();
    model.close();
  });
  beforeEach(() => backends.redis.flushall());

  /** Sends a request, and leaves once the model has it, or at the first byte of the answer. */
  async function leave(path: string, atFirstByte: boolean): Promise<void> {
    const socket = connect(Number(new URL(envoy.url).port), "127.0.0.1");
    const arrived = new Promise<void>((done) => {
      received = () => done();
    });
    const answered = new Promise<void>((done) => socket.once("data", () => done()));
    socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`);
    await (atFirstByte ? answered : arrived);
    socket.destroy();
  }

  const charged = (): Promise<number> =>
    eventually(async () => Number((await backends.redis.get(COUNTER)) ?? 0) || undefined);

  it.each([
    ["before the answer begins", "/v1/silent", false],
    ["when it has only begun", "/v1/stream", true],
  ])("costs its input when the caller leaves %s", async (_when, path, atFirstByte) => {
    await leave(path, atFirstByte);
    const tokens = await charged();
    expect(tokens).toBeGreaterThan(350);
    expect(tokens).toBeLessThan(900);
  });

  it("costs its input when the answer is empty", async () => {
    await fetch(`${envoy.url}/v1/empty`, { method: "POST", body: BODY });
    expect(await charged()).toBeGreaterThan(350);
  });

  it.each([
    ["the gateway answers itself", "/direct", 200],
    ["there is no upstream", "/nowhere", 503],
    ["the upstream breaks the connection", "/v1/reset", 503],
    ["the upstream takes too long", "/late", 504],
  ])("costs nothing when %s", async (_what, path, status) => {
    const response = await fetch(envoy.url + path, { method: "POST", body: BODY });
    expect(response.status).toBe(status);
    // What comes after it is charged alone.
    await fetch(`${envoy.url}/v1/empty`, { method: "POST", body: BODY });
    const one = await charged();
    await fetch(`${envoy.url}/v1/empty`, { method: "POST", body: BODY });
    await eventually(async () => (Number(await backends.redis.get(COUNTER)) === 2 * one ? true : undefined));
  });
});
