import { ServerResponse, STATUS_CODES, type ClientRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { ChainStream, SourceControl, StreamIo } from "../chain/chain.ts";
import type { DirectionSink } from "../chain/direction.ts";
import type { HeaderMap } from "../chain/header-map.ts";
import { sourceAddress, statusOf, type ExchangeContext } from "./exchange.ts";
import { FlowGate } from "./flow.ts";
import { requestHeaders, responseHeaders, toRawHeaders } from "./headers.ts";
import type { Interruptible } from "./in-flight.ts";
import { sourceControl, lostUpstreamReply } from "./stream-io.ts";
import { targetOf } from "./target.ts";
import { describeFailure } from "./upstream-failure.ts";

const EMPTY = Buffer.alloc(0);
const SWITCHING_PROTOCOLS = 101;

/** Whether a request asks for a WebSocket. Whatever else a request would upgrade to is not spoken here. */
export function asksForWebSocket({ method, headers }: IncomingMessage): boolean {
  const tokens = (headers.upgrade ?? "").toLowerCase().split(",");
  return method === "GET" && tokens.some((token) => token.trim() === "websocket");
}

/**
 * A request for a WebSocket, and the WebSocket that it becomes: what passes in both directions is a body to the filters, as
 * in Envoy. An upstream, or a filter, that answers anything but 101 answers as usual, and the connection ends.
 */
export class UpgradeExchange implements Interruptible {
  private readonly startedAt = performance.now();
  private readonly headers: HeaderMap;
  private readonly requestGate = new FlowGate();
  private readonly responseGate = new FlowGate();
  private readonly stream: ChainStream | null;
  /** Answers that are no upgrade. */
  private readonly response: ServerResponse;
  private upstreamRequest: ClientRequest | null = null;
  private upstreamSocket: Duplex | null = null;
  private status = 0;
  private origin = "via_upstream";
  private upstreamError: string | undefined;
  private isOver = false;

  /** @param head what the client has sent behind the request */
  constructor(
    private readonly context: ExchangeContext,
    private readonly request: IncomingMessage,
    private readonly socket: Duplex,
    private readonly head: Buffer,
  ) {
    const target = targetOf(request);
    this.headers = requestHeaders(request, target ?? { authority: "", path: request.url ?? "" });
    this.headers.add("connection", "upgrade");
    this.headers.add("upgrade", "websocket");
    context.inFlight.add(this);
    // Nothing is read from the client before the server has agreed.
    socket.pause();
    socket.on("error", () => {});
    socket.on("drain", () => this.responseGate.unblock("client"));
    socket.on("close", () =>
      this.end(this.upstreamSocket?.readableEnded ? this.origin : "downstream_remote_disconnect"),
    );
    this.response = answerOver(request, socket);
    this.response.on("finish", () => {
      this.end(this.origin);
      socket.end();
    });
    this.stream = target === null ? null : context.createStream(this.io());
    if (this.stream === null) this.refuse(400, "path_normalization_failed");
    else this.stream.request.pushHeaders(this.headers, false);
  }

  interrupt(details: string): void {
    this.reset(details);
  }

  private io(): StreamIo {
    const { routeName, clusterName, bufferLimit } = this.context;
    return {
      info: { routeName, clusterName, sourceAddress: sourceAddress(this.request) },
      upstream: this.upstreamSink(),
      client: this.clientSink(),
      requestFlow: this.flow(this.requestGate, 413, "request_payload_too_large"),
      responseFlow: this.flow(this.responseGate, 500, "response_payload_too_large"),
      bufferLimit,
      onLocalReply: (reply) => {
        this.origin = reply.details;
        this.upstreamRequest?.destroy();
      },
      reset: (details) => this.reset(details),
    };
  }

  private flow(gate: FlowGate, status: number, details: string): SourceControl {
    return sourceControl(gate, status, details, (reply) => this.stream?.localReply(reply));
  }

  /** Answers without the filters. */
  private refuse(status: number, details: string): void {
    this.origin = details;
    this.status = status;
    this.response.writeHead(status, ["content-length", "0"]).end();
  }

  private upstreamSink(): DirectionSink {
    return {
      pushHeaders: (headers) => this.connectUpstream(headers),
      pushData: (bytes, endOfStream) => {
        const upstream = this.upstreamSocket;
        if (upstream === null) return;
        if (bytes.length > 0 && !upstream.write(bytes)) this.requestGate.block("upstream");
        if (endOfStream) upstream.end();
      },
      pushTrailers: () => {},
    };
  }

  private connectUpstream(headers: HeaderMap): void {
    let upstream: ClientRequest;
    try {
      upstream = this.context.upstream.request(headers, false, "websocket");
    } catch (error) {
      // The filter left a path or method that cannot be sent.
      this.onUpstreamLost(error as Error);
      return;
    }
    this.upstreamRequest = upstream;
    upstream.on("error", (error) => this.onUpstreamLost(error));
    upstream.on("upgrade", (response, socket, head) => this.onUpgraded(response, socket, head));
    upstream.on("response", (response) => this.onAnswered(response));
    upstream.end();
  }

  /** The upstream has agreed: from here on, both connections are one. */
  private onUpgraded(response: IncomingMessage, upstream: Duplex, head: Buffer): void {
    const { stream, socket } = this;
    upstream.on("error", () => this.reset("upstream_reset_after_response_started"));
    if (stream === null || this.isOver) {
      upstream.destroy();
      return;
    }
    this.upstreamSocket = upstream;
    upstream.pause();
    upstream.on("drain", () => this.requestGate.unblock("upstream"));
    upstream.on("close", () => {
      this.end(this.origin);
      socket.end(() => socket.destroy());
    });
    const headers = responseHeaders(response);
    headers.add("connection", "upgrade");
    headers.add("upgrade", response.headers.upgrade ?? "websocket");
    stream.response.pushHeaders(headers, false);
    carry(upstream, head, this.responseGate, (bytes, isEnd) => stream.response.pushData(bytes, isEnd));
    carry(socket, this.head, this.requestGate, (bytes, isEnd) => stream.request.pushData(bytes, isEnd));
  }

  /** The upstream has answered something else. */
  private onAnswered(response: IncomingMessage): void {
    const { stream } = this;
    if (stream === null || this.isOver) return;
    this.responseGate.attach(response);
    response.on("error", (error) => this.onUpstreamLost(error));
    stream.response.pushHeaders(responseHeaders(response), false);
    response.on("data", (chunk: Buffer) => stream.response.pushData(chunk, false));
    response.on("end", () => stream.response.pushData(EMPTY, true));
  }

  private onUpstreamLost(error: Error): void {
    const { stream } = this;
    if (stream === null || this.isOver || this.origin !== "via_upstream") return;
    const failure = describeFailure(error);
    this.upstreamError = `${failure.kind}: ${failure.reason}`;
    stream.localReply(lostUpstreamReply(failure, false));
  }

  private clientSink(): DirectionSink {
    const { socket, response } = this;
    return {
      pushHeaders: (headers, endOfStream) => {
        this.status = headers.get(":status") === "101" ? SWITCHING_PROTOCOLS : statusOf(headers);
        if (this.status === SWITCHING_PROTOCOLS) {
          response.detachSocket(socket as Socket);
          socket.write(switchingHead(headers));
          return;
        }
        response.writeHead(this.status, toRawHeaders(headers));
        if (endOfStream) response.end();
        else response.flushHeaders();
      },
      pushData: (bytes, endOfStream) => {
        const to = this.status === SWITCHING_PROTOCOLS ? socket : response;
        if (bytes.length > 0 && !to.write(bytes)) this.responseGate.block("client");
        if (endOfStream) to.end();
      },
      pushTrailers: () => response.end(),
    };
  }

  private reset(details: string): void {
    this.end(details);
    this.socket.destroy();
  }

  private end(details: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.context.inFlight.delete(this);
    this.upstreamRequest?.destroy();
    this.upstreamSocket?.destroy();
    this.stream?.end(details);
    this.context.onEnd({
      method: this.headers.get(":method") ?? "",
      path: this.headers.get(":path") ?? "",
      status: this.status,
      durationMs: performance.now() - this.startedAt,
      details,
      upstreamError: this.upstreamError,
      aiLog: this.stream?.aiLog,
      stream: this.stream?.state ?? null,
    });
  }
}

/** Gives on what comes over a connection, `head` first, as fast as `gate` lets it. */
function carry(
  from: Duplex,
  head: Buffer,
  gate: FlowGate,
  push: (bytes: Buffer, isEnd: boolean) => void,
): void {
  if (head.length > 0) push(head, false);
  from.on("data", (chunk: Buffer) => push(chunk, false));
  from.on("end", () => push(EMPTY, true));
  from.resume();
  gate.attach(from);
}

/** An answer over a connection that node's server has given away. */
function answerOver(request: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as Socket);
  return response;
}

/** The head of the answer that switches protocols. */
function switchingHead(headers: HeaderMap): string {
  const lines = [...headers]
    .filter(([name]) => !name.startsWith(":"))
    .map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 101 ${STATUS_CODES[SWITCHING_PROTOCOLS]}`, ...lines, "", ""].join("\r\n");
}
