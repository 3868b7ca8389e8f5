import { BodyAction, HeadersAction, TrailersAction } from "../chain/actions.ts";
import { Direction, type DirectionFilter } from "../chain/direction.ts";
import type { Place, StreamFilter, StreamState } from "../chain/filter.ts";
import type { HeaderMap } from "../chain/header-map.ts";
import type { LocalReply } from "../chain/local-reply.ts";
import type { Context, Root } from "./context.ts";
import { streamProperty } from "./stream-properties.ts";
import { BufferType, MapType, Status, StreamType } from "./types.ts";
import type { Vm } from "./vm.ts";

/** What a stream needs of the root it belongs to. */
export interface StreamOwner extends Root {
  readonly vm: Vm;
  /** A property of the plugin; `undefined` for one that is unknown. */
  property(path: string): Buffer | undefined;
  /** The stream has ended, and is not heard of again. */
  release(stream: WasmStream): void;
}

/** What the client gets when the filter's VM is dead, in Envoy's words. */
export const FAIL_REPLY: LocalReply = {
  status: 503,
  details: "wasm_fail_stream",
  body: Buffer.alloc(0),
  headers: [],
};

/**
 * One HTTP exchange in the module of a filter: its two directions, its properties, and its life from
 * proxy_on_context_create to proxy_on_log, proxy_on_done and proxy_on_delete.
 */
export class WasmStream implements Context, StreamFilter {
  readonly id: number;
  readonly request: Direction;
  readonly response: Direction;

  private hasReplied = false;
  private isLogging = false;
  private hasEnded = false;

  constructor(
    readonly root: StreamOwner,
    private readonly place: Place,
  ) {
    this.id = root.vm.allocateContextId();
    const stopsAll = root.vm.abi !== "proxy_abi_version_0_2_100";
    this.request = new Direction(this.callbacks("request"), place.upstream, place.requestFlow, stopsAll);
    this.response = new Direction(this.callbacks("response"), place.client, place.responseFlow, stopsAll);
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

  /** The VM is dead: 503, unless the response has passed. */
  fail(): void {
    if (!this.hasEnded && !this.response.isComplete) this.place.localReply(FAIL_REPLY);
  }

  end(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
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
    if (this.isLogging) return this.loggedMap(direction, kind) ?? Status.NotFound;
    const map = this[direction][kind];
    return map !== null && this[direction].visible[kind] ? map : Status.BadArgument;
  }

  /** The access log shows what there is at the end, whether it has reached this filter or not. */
  private loggedMap(direction: "request" | "response", kind: "headers" | "trailers"): HeaderMap | null {
    if (kind === "trailers") return this[direction].trailers;
    const { requestHeaders, responseHeaders } = this.place.stream;
    return direction === "request" ? requestHeaders : responseHeaders;
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
    const { stream } = this.place;
    return (
      stream.properties.get(path) ??
      this.codeDetails(path) ??
      streamProperty(path, stream.info, stream.requestHeaders, stream.responseHeaders) ??
      this.root.property(path)
    );
  }

  get stream(): StreamState {
    return this.place.stream;
  }

  private codeDetails(path: string): Buffer | undefined {
    if (path !== "response\0code_details") return undefined;
    const { details, responseHeaders } = this.place.stream;
    const known = details ?? (responseHeaders === null ? undefined : "via_upstream");
    return known === undefined ? undefined : Buffer.from(known);
  }

  setProperty(path: string, value: Buffer): Status {
    this.place.stream.properties.set(path, value);
    return Status.Ok;
  }

  /** Once. The reply closes the request, so whatever the current callback returns, it stops there. */
  sendLocalResponse(reply: LocalReply): void {
    if (this.hasReplied) return;
    this.hasReplied = true;
    this.root.vm.postpone(() => this.place.localReply(reply));
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
      this.root.vm.postpone(() => this.place.reset("wasm_close_stream"));
    return Status.Ok;
  }
}

const MAPS: Partial<Record<MapType, ["request" | "response", "headers" | "trailers"]>> = {
  [MapType.RequestHeaders]: ["request", "headers"],
  [MapType.RequestTrailers]: ["request", "trailers"],
  [MapType.ResponseHeaders]: ["response", "headers"],
  [MapType.ResponseTrailers]: ["response", "trailers"],
};
