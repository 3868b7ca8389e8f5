import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  createServer as createHttpServer,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type RequestListener,
  type RequestOptions,
} from "node:http";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { startGateway, type Gateway, type GatewayOptions } from "../../gateway/src/index.ts";
import { guest } from "./fixtures/guest.ts";

/** What happens in order, and a way to wait for it. */
export class Log {
  readonly lines: string[] = [];
  private readonly waiters = new Set<() => void>();

  add(line: string): void {
    this.lines.push(line);
    for (const wake of [...this.waiters]) wake();
  }

  /** The first line that matches, as soon as there is one. */
  until(pattern: RegExp): Promise<string> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.lines.find((line) => pattern.test(line));
        if (found === undefined) return;
        this.waiters.delete(look);
        resolve(found);
      };
      this.waiters.add(look);
      look();
    });
  }

  matching(pattern: RegExp): string[] {
    return this.lines.filter((line) => pattern.test(line));
  }
}

/** A promise to be settled from outside. */
export function deferred<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

/** A gateway with the scripted test filter, unless `options` say otherwise, closed when the test ends. */
export async function startTestGateway(
  options: Partial<GatewayOptions> & { upstream: string },
): Promise<Gateway & { log: Log }> {
  const log = new Log();
  const scripted = options.plugins ? {} : { config: { any: "thing" }, wasm: await guest("scripted") };
  const gateway = await startGateway({
    ...scripted,
    ...options,
    onGuestLog: (level, message, plugin) => {
      log.add(message);
      options.onGuestLog?.(level, message, plugin);
    },
  });
  onTestFinished(() => gateway.close(0, 0));
  return { ...gateway, log };
}

/** An HTTP upstream; its URL. */
export async function startUpstream(handler: RequestListener): Promise<string> {
  const server = createHttpServer(handler);
  await listening(server);
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${portOf(server)}`;
}

/** A TCP server that shows each connection to `handler`; `host:port`. */
export async function startTcp(handler: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    handler(socket);
  });
  await listening(server);
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `127.0.0.1:${portOf(server)}`;
}

/** A port on which nothing listens. */
export async function unusedPort(): Promise<number> {
  const server = createServer();
  await listening(server);
  const port = portOf(server);
  server.close();
  await once(server, "close");
  return port;
}

/** A redis-server of the test's own; `host:port`. */
export async function startRedis(...args: string[]): Promise<string> {
  const port = await unusedPort();
  const redis = spawn("redis-server", ["--port", `${port}`, "--save", "", "--appendonly", "no", ...args]);
  onTestFinished(() => end(redis));
  await new Promise<void>((resolve, reject) => {
    redis.once("error", reject);
    redis.once("exit", () => reject(new Error("redis-server ended")));
    redis.stdout.on("data", (chunk) => {
      if (String(chunk).includes("Ready to accept connections")) resolve();
    });
  });
  return `127.0.0.1:${port}`;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly trailers: IncomingMessage["trailers"];
}

/** A request with node's plain client, which hides nothing; `body` is sent if given. */
export async function send(url: string, options: RequestOptions = {}, body?: string): Promise<Reply> {
  const response = await open(url, options, (request) => request.end(body));
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: text,
    trailers: response.trailers,
  };
}

/** A request whose response is given as soon as its headers are there; `write` sends the body. */
export function open(
  url: string,
  options: RequestOptions,
  write: (request: ClientRequest) => void = (request) => request.end(),
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { agent: false, ...options }, resolve);
    request.on("error", reject);
    write(request);
  });
}

/** The next bytes of a response. */
export async function nextChunk(response: IncomingMessage): Promise<string> {
  const [chunk] = (await once(response, "data")) as [Buffer];
  return chunk.toString();
}

/** Sends bytes as they are, and gives all that comes back. */
export async function raw(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(bytes);
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  return text;
}

async function listening(server: Server): Promise<void> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
