import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { Exchange, type ExchangeContext } from "./exchange.ts";
import { asksForWebSocket, UpgradeExchange } from "./upgrade.ts";

/** As Envoy's default. */
const MAX_HEADER_BYTES = 60 * 1024;

/** The data-plane server: each request becomes an exchange. WebSockets are carried; there is no CONNECT. */
export function createProxy(context: ExchangeContext): Server {
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    new Exchange(context, request, response);
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (asksForWebSocket(request)) new UpgradeExchange(context, request, socket, head);
    else readAgain(server, request, socket, head);
  });
  server.on("connect", (_request: IncomingMessage, socket: Duplex) => {
    socket.on("error", () => {});
    socket.end("HTTP/1.1 405 Method Not Allowed\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
  });
  return server;
}

/**
 * Has node read a request as one of HTTP, which it took for one of another protocol (RFC 9110, 7.8: a server may ignore
 * what a client asks for). Its body, if it has one, is still to come.
 */
function readAgain(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? "";
    if (name.toLowerCase() !== "upgrade") lines.push(`${name}: ${rawHeaders[i + 1]}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), head]));
  server.emit("connection", socket);
}
