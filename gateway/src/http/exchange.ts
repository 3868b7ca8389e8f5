import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import type { ChainStream, SourceControl, StreamIo } from "../chain/chain.ts";
import type { DirectionSink } from "../chain/direction.ts";
import type { StreamState } from "../chain/filter.ts";
import type { LocalReply } from "../chain/local-reply.ts";
import { HeaderMap } from "../chain/header-map.ts";
import { FlowGate } from "./flow.ts";
import { requestHeaders, responseHeaders, toRawHeaders, toTrailers, trailersOf } from "./headers.ts";
import type { InFlight, Interruptible } from "./in-flight.ts";
import { sourceControl, lostUpstreamReply } from "./stream-io.ts";
import { targetOf } from "./target.ts";
import { describeFailure } from "./upstream-failure.ts";
import { hasNoBody, type Upstream } from "./upstream.ts";

/** What a finished exchange was, for the access log and the metrics. */
export interface ExchangeSummary {
  readonly method: string;
  readonly path: string;
  /** Of the response sent; 0 if the client went away before there was one. */
  readonly status: number;
  readonly durationMs: number;
  /** In Envoy's terms: `via_upstream`, or who else decided the end. */
  readonly details: string;
  /** Why there is no response of the upstream, if that is so. */
  readonly upstreamError: string | undefined;
  readonly aiLog: string | undefined;
  /** What filters know it by; `null` if it never got to them. */
  readonly stream: StreamState | null;
}

export interface ExchangeContext {
  readonly upstream: Upstream;
  readonly routeName: string;
  readonly clusterName: string;
  /** Bytes of a body that paused filters may hold, all together. */
  readonly bufferLimit: number;
  /** The way of a new exchange through the filters. */
  createStream(io: StreamIo): ChainStream;
  /** Holds every exchange until it is over. */
  readonly inFlight: InFlight;
  onEnd(summary: ExchangeSummary): void;
}

const EMPTY = Buffer.alloc(0);

/**
 * One request and its response: carries bytes between the client's connection, the filters and the upstream's
 * connection, and tells the filters when it is over, however it ends.
 */
export class Exchange implements Interruptible {
  private readonly startedAt = performance.now();
  private readonly headers: HeaderMap;
  private readonly requestGate = new FlowGate();
  private readonly responseGate = new FlowGate();
  private readonly stream: ChainStream | null;
  private upstreamRequest: ClientRequest | null = null;
  /** What the response now being sent is; it stands in the log if the response gets through. */
  private origin = "via_upstream";
  private upstreamError: string | undefined;
  private isOver = false;

  constructor(
    private readonly context: ExchangeContext,
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
  ) {
    const target = targetOf(request);
    this.headers = requestHeaders(request, target ?? { authority: "", path: request.url ?? "" });
    context.inFlight.add(this);
    this.requestGate.attach(request);
    response.on("finish", () => this.end(this.origin));
    response.on("close", () => this.end("downstream_remote_disconnect"));
    response.on("drain", () => this.responseGate.unblock("client"));
    this.stream = target === null ? null : context.createStream(this.io());
    if (this.stream === null) this.refuse(400, "path_normalization_failed");
    else this.run(this.stream);
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
      onLocalReply: (reply) => this.onLocalReply(reply),
      reset: (details) => this.reset(details),
    };
  }

  private flow(gate: FlowGate, status: number, details: string): SourceControl {
    return sourceControl(gate, status, details, (reply) => this.stream?.localReply(reply));
  }

  /** Answers without the filters. */
  private refuse(status: number, details: string): void {
    this.origin = details;
    this.request.resume();
    this.response.writeHead(status, ["content-length", "0"]).end();
  }

  private run(stream: ChainStream): void {
    const { request } = this;
    // The close of the response says the same, and says it always.
    request.on("error", () => {});
    const hasBody = request.headers["transfer-encoding"] !== undefined || hasContent(request);
    stream.request.pushHeaders(this.headers, !hasBody);
    if (!hasBody) return;
    request.on("data", (chunk: Buffer) => stream.request.pushData(chunk, false));
    request.on("end", () => {
      const trailers = trailersOf(request);
      if (trailers !== null) stream.request.pushTrailers(trailers);
      else stream.request.pushData(EMPTY, true);
    });
  }

  private upstreamSink(): DirectionSink {
    return {
      pushHeaders: (headers, endOfStream) => {
        this.connectUpstream(headers, !endOfStream);
        if (endOfStream) this.upstreamRequest?.end();
      },
      pushData: (bytes, endOfStream) => {
        const upstream = this.upstreamRequest;
        if (upstream === null) return;
        if (bytes.length > 0 && !upstream.write(bytes)) this.requestGate.block("upstream");
        if (endOfStream) upstream.end();
      },
      pushTrailers: (trailers) => {
        this.upstreamRequest?.addTrailers(toTrailers(trailers));
        this.upstreamRequest?.end();
      },
    };
  }

  private connectUpstream(headers: HeaderMap, bodyFollows: boolean): void {
    let upstream: ClientRequest;
    try {
      upstream = this.context.upstream.request(headers, bodyFollows);
    } catch (error) {
      // The filter left a path or method that cannot be sent.
      this.onUpstreamLost(error as Error);
      return;
    }
    this.upstreamRequest = upstream;
    upstream.on("drain", () => this.requestGate.unblock("upstream"));
    upstream.on("error", (error) => this.onUpstreamLost(error));
    upstream.on("response", (response) => this.onUpstreamResponse(response));
    if (bodyFollows) upstream.flushHeaders();
  }

  private onUpstreamResponse(response: IncomingMessage): void {
    const { stream } = this;
    if (stream === null || this.isOver) return;
    this.responseGate.attach(response);
    response.on("error", (error) => this.onUpstreamLost(error));
    const isEmpty = hasNoBody(this.headers.get(":method"), response);
    stream.response.pushHeaders(responseHeaders(response), isEmpty);
    if (isEmpty) {
      response.resume();
      return;
    }
    response.on("data", (chunk: Buffer) => stream.response.pushData(chunk, false));
    response.on("end", () => {
      const trailers = trailersOf(response);
      if (trailers !== null) stream.response.pushTrailers(trailers);
      else stream.response.pushData(EMPTY, true);
    });
  }

  private onUpstreamLost(error: Error): void {
    const { stream } = this;
    // What was answered locally does without the upstream, which was told so.
    if (stream === null || this.isOver || this.origin !== "via_upstream") return;
    const failure = describeFailure(error);
    this.upstreamError = `${failure.kind}: ${failure.reason}`;
    stream.localReply(lostUpstreamReply(failure, stream.hasResponse));
  }

  private clientSink(): DirectionSink {
    const { response } = this;
    return {
      pushHeaders: (headers, endOfStream) => {
        const status = statusOf(headers);
        // node would announce a chunked body where there is none.
        const isEmpty = endOfStream && !headers.has("content-length") && status !== 204 && status !== 304;
        if (this.context.inFlight.isClosing) response.shouldKeepAlive = false;
        response.writeHead(status, [...toRawHeaders(headers), ...(isEmpty ? ["content-length", "0"] : [])]);
        if (endOfStream) response.end();
        else response.flushHeaders();
      },
      pushData: (bytes, endOfStream) => {
        if (bytes.length > 0 && !response.write(bytes)) this.responseGate.block("client");
        if (endOfStream) response.end();
      },
      pushTrailers: (trailers) => {
        response.addTrailers(toTrailers(trailers));
        response.end();
      },
    };
  }

  private onLocalReply(reply: LocalReply): void {
    this.origin = reply.details;
    this.upstreamRequest?.destroy();
    this.requestGate.open();
  }

  interrupt(details: string): void {
    this.reset(details);
  }

  private reset(details: string): void {
    this.end(details);
    this.response.destroy();
  }

  private end(details: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.context.inFlight.delete(this);
    // Without effect on a request that is complete: its connection is back in the pool.
    this.upstreamRequest?.destroy();
    // What the client still sends is read and dropped, so that its connection stays usable.
    this.requestGate.open();
    this.stream?.end(details);
    this.context.onEnd({
      method: this.headers.get(":method") ?? "",
      path: this.headers.get(":path") ?? "",
      status: this.response.headersSent ? this.response.statusCode : 0,
      durationMs: performance.now() - this.startedAt,
      details,
      upstreamError: this.upstreamError,
      aiLog: this.stream?.aiLog,
      stream: this.stream?.state ?? null,
    });
  }
}

/** A status that can be sent; a filter may have asked for any number. */
export function statusOf(headers: HeaderMap): number {
  const status = Number(headers.get(":status"));
  return Number.isInteger(status) && status >= 200 && status <= 999 ? status : 500;
}

function hasContent(request: IncomingMessage): boolean {
  return Number(request.headers["content-length"] ?? 0) > 0;
}

/** The peer as `ip:port`; an IPv4 address in IPv6 clothes is shown as IPv4. */
export function sourceAddress({ socket }: IncomingMessage): string {
  const ip = (socket.remoteAddress ?? "").replace(/^::ffff:(?=\d+\.)/, "");
  return ip.includes(":") ? `[${ip}]:${socket.remotePort}` : `${ip}:${socket.remotePort}`;
}
