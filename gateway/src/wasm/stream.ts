import type { Context, LocalReply, Root } from "./context.ts";
import { Direction, type DirectionFilter, type DirectionSink, type FlowControl } from "./direction.ts";
import { HeaderMap } from "./header-map.ts";
import { streamProperty, type StreamInfo } from "./stream-properties.ts";
import {
  BodyAction,
  BufferType,
  HeadersAction,
  MapType,
  Status,
  StreamType,
  TrailersAction,
} from "./types.ts";
import type { Vm } from "./vm.ts";

/** The connections at both ends of a stream, as the proxy has them. */
export interface StreamIo {
  readonly info: StreamInfo;
  readonly upstream: DirectionSink;
  readonly client: DirectionSink;
  readonly requestFlow: FlowControl;
  readonly responseFlow: FlowControl;
  /** Bytes a paused direction may hold. */
  readonly bufferLimit: number;
  /** A local reply takes the place of the upstream's: the upstream request is no longer wanted. */
  onLocalReply(reply: LocalReply): void;
  /** Ends both connections at once; the response, if begun, stays incomplete. */
  reset(details: string): void;
}

/** What a stream needs of the root it belongs to. */
export interface StreamOwner extends Root {
  readonly vm: Vm;
  /** A property of the plugin; `undefined` for one that is unknown. */
  property(path: string): Buffer | undefined;
  /** The stream has ended, and is not heard of again. */
  release(stream: FilterStream): void;
}

const FAIL_DETAILS = "wasm_fail_stream";

/**
 * One HTTP exchange in the filter: its two directions, its properties, and its life from
 * proxy_on_context_create to proxy_on_log, proxy_on_done and proxy_on_delete.
 */
export class FilterStream implements Context {
  readonly id: number;
  readonly request: Direction;
  readonly response: Direction;

  private readonly properties = new Map<string, Buffer>();
  private hasLocalReply = false;
  /** Envoy's response code details: who decided the response, or the end. */
  private details: string | undefined;
  private isLogging = false;
  private hasEnded = false;

  constructor(
    readonly root: StreamOwner,
    private readonly io: StreamIo,
  ) {
    this.id = root.vm.allocateContextId();
    const stopsAll = root.vm.abi !== "proxy_abi_version_0_2_100";
    const direction = (kind: "request" | "response", sink: DirectionSink, flow: FlowControl): Direction =>
      new Direction(this.callbacks(kind), sink, flow, stopsAll, io.bufferLimit);
    this.request = direction("request", io.upstream, io.requestFlow);
    this.response = direction("response", io.client, io.responseFlow);
    root.vm.contexts.set(this.id, this);
    root.vm.notify(this, "proxy_on_context_create", root.id);
  }

  private callbacks(kind: "request" | "response"): DirectionFilter {
    const { vm } = this.root;
    return {
      onHeaders: (count, endOfStream) =>
        vm.call(this, `proxy_on_${kind}_headers`, [count, Number(endOfStream)], HeadersAction.Continue),
      onBody: (size, endOfStream) =>
        vm.call(this, `proxy_on_${kind}_body`, [size, Number(endOfStream)], BodyAction.Continue),
      onTrailers: (count) => vm.call(this, `proxy_on_${kind}_trailers`, [count], TrailersAction.Continue),
    };
  }

  /** The property the filter wrote for the access log. */
  get aiLog(): string | undefined {
    return this.properties.get("ai_log")?.toString("utf8");
  }

  /**
   * Answers the client instead of the upstream, once. The reply passes the filter's response callbacks,
   * unless a response has passed there before; a response already begun is cut off.
   */
  localReply(reply: LocalReply): void {
    if (this.hasEnded || this.hasLocalReply || this.response.isComplete) return;
    this.hasLocalReply = true;
    this.details = reply.details;
    const { isDirect, headers } = this.beginLocalReply(reply);
    if (headers === null) return;
    if (isDirect) return this.replyDirectly(headers, reply.body);
    this.response.pushHeaders(headers, reply.body.length === 0);
    if (reply.body.length > 0) this.response.pushData(reply.body, true);
  }

  private beginLocalReply(reply: LocalReply): { isDirect: boolean; headers: HeaderMap | null } {
    this.request.close();
    if (this.response.hasForwardedHeaders) {
      this.response.close();
      this.io.reset(reply.details);
      return { isDirect: true, headers: null };
    }
    this.io.onLocalReply(reply);
    return { isDirect: this.response.headers !== null, headers: localReplyHeaders(reply) };
  }

  private replyDirectly(headers: HeaderMap, body: Buffer): void {
    this.response.close();
    this.io.client.headers(headers, body.length === 0);
    if (body.length > 0) this.io.client.data(body, true);
  }

  /** The VM is dead: 503 past the filter, or a reset if the response has begun. */
  fail(): void {
    if (this.hasEnded || this.response.isComplete) return;
    this.hasLocalReply = true;
    const reply = { status: 503, details: FAIL_DETAILS, body: Buffer.alloc(0), headers: [] };
    const { headers } = this.beginLocalReply(reply);
    if (headers !== null) this.replyDirectly(headers, reply.body);
  }

  /** The exchange is over, well or not, as `details` says: the filter logs, is done, and forgets the stream. */
  end(details?: string): void {
    if (this.hasEnded) return;
    this.details ??= details;
    this.hasEnded = true;
    this.request.close();
    this.response.close();
    const { vm } = this.root;
    this.isLogging = true;
    vm.notify(this, "proxy_on_log");
    this.isLogging = false;
    vm.notify(this, "proxy_on_done");
    vm.notify(this, "proxy_on_delete");
    vm.contexts.delete(this.id);
    this.root.release(this);
  }

  headerMap(type: MapType): HeaderMap | Status {
    const [direction, kind] = MAPS[type] ?? [];
    if (direction === undefined || kind === undefined) return Status.BadArgument;
    const map = this[direction][kind];
    if (this.isLogging) return map ?? Status.NotFound;
    return map !== null && this[direction].visible[kind] ? map : Status.BadArgument;
  }

  buffer(type: BufferType): Buffer | undefined {
    return this.bodyOf(type)?.body;
  }

  setBuffer(type: BufferType, bytes: Buffer): Status {
    return this.bodyOf(type)?.setBody(bytes) ? Status.Ok : Status.BadArgument;
  }

  private bodyOf(type: BufferType): Direction | undefined {
    if (type === BufferType.RequestBody) return this.request;
    return type === BufferType.ResponseBody ? this.response : undefined;
  }

  property(path: string): Buffer | undefined {
    return (
      this.properties.get(path) ??
      this.codeDetails(path) ??
      streamProperty(path, this.io.info, this.request.headers, this.response.headers) ??
      this.root.property(path)
    );
  }

  private codeDetails(path: string): Buffer | undefined {
    if (path !== "response\0code_details") return undefined;
    const details = this.details ?? (this.response.headers === null ? undefined : "via_upstream");
    return details === undefined ? undefined : Buffer.from(details);
  }

  setProperty(path: string, value: Buffer): Status {
    this.properties.set(path, value);
    return Status.Ok;
  }

  /** The reply closes the direction under way, so whatever the current callback returns, it stops there. */
  sendLocalResponse(reply: LocalReply): void {
    this.root.vm.postpone(() => this.localReply(reply));
  }

  continueStream(type: StreamType): Status {
    const direction = type === StreamType.Request ? this.request : this.response;
    if (type === StreamType.Downstream) return Status.Ok;
    if (type === StreamType.Upstream) return Status.Unimplemented;
    // Envoy takes the request away from the filter at once, whichever direction continues.
    this.request.hideFromFilter();
    this.root.vm.postpone(() => direction.resume());
    return Status.Ok;
  }

  closeStream(type: StreamType): Status {
    if (type === StreamType.Request || type === StreamType.Response)
      this.root.vm.postpone(() => this.io.reset("wasm_close_stream"));
    return Status.Ok;
  }
}

const MAPS: Partial<Record<MapType, ["request" | "response", "headers" | "trailers"]>> = {
  [MapType.RequestHeaders]: ["request", "headers"],
  [MapType.RequestTrailers]: ["request", "trailers"],
  [MapType.ResponseHeaders]: ["response", "headers"],
  [MapType.ResponseTrailers]: ["response", "trailers"],
};

/** As Envoy: a body has a length, and a content type if the filter gave none. */
function localReplyHeaders(reply: LocalReply): HeaderMap {
  const headers = new HeaderMap([[":status", String(reply.status)], ...reply.headers]);
  headers.remove("content-length");
  if (reply.body.length === 0) headers.remove("content-type");
  else {
    headers.add("content-length", String(reply.body.length));
    if (!headers.has("content-type")) headers.add("content-type", "text/plain");
  }
  return headers;
}
