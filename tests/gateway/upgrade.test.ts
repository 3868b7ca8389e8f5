// Contract: a WebSocket is carried as fast as its slower side takes it, in both directions.
import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { describe, expect, it, onTestFinished } from "vitest";
import { deferred, startTestGateway } from "./support.ts";

const MIB = 1 << 20;
const TOTAL = 64 * MIB;
const ASK = "GET / HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";

/** Both ends of a WebSocket through the gateway, whose frames nobody looks at. */
async function carried(): Promise<{ client: Socket; upstream: Duplex }> {
  const accepted = deferred<Duplex>();
  const server = createServer();
  server.on("upgrade", (_request, socket: Duplex) => {
    socket.on("error", () => undefined);
    socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    accepted.resolve(socket);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  const gateway = await startTestGateway({
    upstream: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  });
  const { hostname, port } = new URL(gateway.url);
  const client = connect(Number(port), hostname);
  client.on("error", () => undefined);
  client.write(ASK);
  const [head] = (await once(client, "data")) as [Buffer];
  expect(head.toString()).toMatch(/^HTTP\/1.1 101 /);
  const upstream = await accepted.promise;
  onTestFinished(() => {
    client.destroy();
    upstream.destroy();
  });
  return { client, upstream };
}

/** Writes until `TOTAL` bytes are written, or nobody takes any for a while; how many were. */
async function writeAll(to: Duplex, chunk: Buffer): Promise<number> {
  let written = 0;
  while (written < TOTAL) {
    written += chunk.length;
    if (to.write(chunk)) continue;
    const stalled = new Promise((resolve) => setTimeout(resolve, 500, "stalled"));
    if ((await Promise.race([once(to, "drain"), stalled])) === "stalled") break;
  }
  return written;
}

describe("a WebSocket", () => {
  it.each(["client", "upstream"] as const)("waits for its slow %s, and loses nothing", async (slow) => {
    const ends = await carried();
    const [from, to] = slow === "client" ? [ends.upstream, ends.client] : [ends.client, ends.upstream];
    to.pause();
    const written = await writeAll(from, Buffer.alloc(MIB, 7));
    expect(written).toBeLessThan(TOTAL);
    let received = 0;
    to.on("data", (chunk: Buffer) => (received += chunk.length));
    from.end();
    to.resume();
    await once(to, "end");
    expect(received).toBe(written);
  });
});
