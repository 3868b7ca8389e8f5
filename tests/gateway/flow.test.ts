// A source is read only while nobody downstream is full; bytes held by a filter keep their order.
// Node's stream backpressure contract; Envoy's watermarks.
import { once } from "node:events";
import { Agent, type ClientRequest } from "node:http";
import type { Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Gateway } from "../../gateway/src/index.ts";
import { FlowGate } from "../../gateway/src/http/flow.ts";
import { Chunks } from "../../gateway/src/chain/chunks.ts";
import { deferred, nextChunk, open, send, startTcp, startTestGateway, startUpstream } from "./support.ts";

describe("the gate", () => {
  const create = () => {
    const calls: string[] = [];
    const source = { pause: () => calls.push("pause"), resume: () => calls.push("resume") };
    return { gate: new FlowGate(), source, calls };
  };

  it("resumes when the last reason is gone", () => {
    const { gate, source, calls } = create();
    gate.attach(source);
    gate.block("filter");
    gate.block("client");
    gate.unblock("filter");
    expect(calls).toEqual(["pause", "pause"]);
    gate.unblock("client");
    expect(calls).toEqual(["pause", "pause", "resume"]);
  });

  it("pauses a source that comes later", () => {
    const { gate, source, calls } = create();
    gate.block("filter");
    gate.attach(source);
    expect(calls).toEqual(["pause"]);
  });

  it("does not resume what it did not pause", () => {
    const { gate, source, calls } = create();
    gate.attach(source);
    gate.unblock("filter");
    expect(calls).toEqual([]);
  });

  it("lets everything through once opened", () => {
    const { gate, source, calls } = create();
    gate.attach(source);
    gate.block("filter");
    gate.open();
    expect(calls).toEqual(["pause", "resume"]);
  });
});

describe("chunks", () => {
  it("keep order and size", () => {
    const chunks = new Chunks(Buffer.from("a"), Buffer.from("bc"));
    chunks.append(new Chunks(Buffer.from("d")));
    expect(chunks.size).toBe(4);
    expect(String(chunks.bytes)).toBe("abcd");
    chunks.append(new Chunks(Buffer.from("e")));
    expect(String(chunks.bytes)).toBe("abcde");
  });

  it("can be replaced", () => {
    const chunks = new Chunks(Buffer.from("abc"));
    chunks.bytes = Buffer.from("x");
    expect([chunks.size, String(chunks.bytes)]).toEqual([1, "x"]);
  });

  it("tell nothing from an empty chunk", () => {
    expect(new Chunks().isEmpty).toBe(true);
    expect(new Chunks(Buffer.alloc(0)).isEmpty).toBe(false);
  });
});

it("a client that does not read stops the upstream, and gets every byte when it does", async () => {
  const size = 64 * 1024 * 1024;
  const upstream = await startUpstream((_request, response) => response.end(Buffer.alloc(size, "x")));
  const gateway = await startTestGateway({ upstream });
  const response = await open(gateway.url, {});
  const seen = (): number =>
    gateway.log.matching(/^response_body/).reduce((sum, line) => sum + Number(line.split(" ")[2]), 0);
  // Nobody reads: what the filter gets to see is what fits into the sockets on the way, and then no more.
  await settled(gateway, seen);
  expect(seen()).toBeGreaterThan(0);
  expect(seen()).toBeLessThan(size / 2);
  let received = 0;
  for await (const chunk of response) received += (chunk as Buffer).length;
  expect(received).toBe(size);
  expect(seen()).toBe(size);
});

/** Waits until a number stays the same over 20 round trips to the gateway. */
async function settled(gateway: Gateway, value: () => number): Promise<void> {
  let before = -1;
  for (let unchanged = 0; unchanged < 20; unchanged = value() === before ? unchanged + 1 : 0) {
    before = value();
    await send(`${gateway.adminUrl}/healthz`);
  }
}

it("an upload that outlives its response is read to its end, so that the connection stays usable", async () => {
  const arrived = deferred<Socket>();
  const upstream = await startTcp((socket) => socket.once("data", () => arrived.resolve(socket.pause())));
  const gateway = await startTestGateway({ upstream: `http://${upstream}` });
  const upload = deferred<ClientRequest>();
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const pending = open(gateway.url, { method: "POST", agent }, (request) => {
    upload.resolve(request.end("x".repeat(32_000_000)));
  });
  const socket = await arrived.promise;
  await settled(gateway, () => gateway.log.matching(/^request_body/).length);
  socket.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nearly");
  expect(await nextChunk(await pending)).toBe("early");
  const request = await upload.promise;
  if (!request.writableFinished) await once(request, "finish");
});
