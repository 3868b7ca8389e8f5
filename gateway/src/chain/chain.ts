import type { DirectionSink, FlowControl } from "./direction.ts";
import type { Filter, Place, StreamFilter, StreamInfo, StreamState } from "./filter.ts";
import type { HeaderMap } from "./header-map.ts";
import { localReplyHeaders, type LocalReply } from "./local-reply.ts";

/** How the chain slows down what a stream is read from. */
export interface SourceControl {
  /** The filter at this position holds too much and reads on as it goes: stop reading until it resumes. */
  pause(position: number): void;
  resume(position: number): void;
  /** A filter wants the whole body buffered, and the filters hold more than `bufferLimit` of it together. */
  overflow(): void;
}

/** The connections at both ends of a stream, as the proxy has them. */
export interface StreamIo {
  readonly info: StreamInfo;
  readonly upstream: DirectionSink;
  readonly client: DirectionSink;
  readonly requestFlow: SourceControl;
  readonly responseFlow: SourceControl;
  /** Bytes of a body that the filters may hold, all together. */
  readonly bufferLimit: number;
  /** A local reply takes the place of the upstream's: the upstream request is no longer wanted. */
  onLocalReply(reply: LocalReply): void;
  /** Ends both connections at once; the response, if begun, stays incomplete. */
  reset(details: string): void;
}

/**
 * One stream on its way through all filters: the request from the first to the last, the response back. Each filter's
 * direction leads to the next one's. As in Envoy, a filter that the request has not reached does not see the response either.
 */
export class ChainStream {
  readonly request: DirectionSink;
  readonly response: DirectionSink;

  readonly state: StreamState;
  /** The filters that the request has reached, in the order of the chain. */
  private readonly reached: StreamFilter[] = [];
  private readonly client: ObservedSink;
  private hasEnded = false;

  constructor(
    private readonly filters: readonly Filter[],
    private readonly io: StreamIo,
  ) {
    this.state = {
      info: io.info,
      properties: new Map(),
      requestHeaders: null,
      responseHeaders: null,
      details: undefined,
    };
    this.client = new ObservedSink(io.client);
    this.request = relay(
      () => this.reach(0),
      (headers) => (this.state.requestHeaders = headers),
    );
    this.response = relay(
      () => this.reached.at(-1)?.response ?? this.client,
      (headers) => (this.state.responseHeaders = headers),
    );
  }

  /** Whether a response, of the upstream or a local one, has got as far as the filters. */
  get hasResponse(): boolean {
    return this.state.responseHeaders !== null;
  }

  /** The property that filters write for the access log. */
  get aiLog(): string | undefined {
    return this.state.properties.get("ai_log")?.toString("utf8");
  }

  /**
   * Answers the client instead of the upstream. The reply passes every filter that the request has reached, last one first. If a
   * response has been there before, it goes to the client directly; if that one has begun there, it is cut off.
   */
  localReply(reply: LocalReply): void {
    if (this.hasEnded || this.client.hasEnded) return;
    this.state.details = reply.details;
    for (const { request } of this.reached) request.close();
    if (this.client.hasHeaders) {
      this.closeResponses();
      this.io.reset(reply.details);
      return;
    }
    this.io.onLocalReply(reply);
    const headers = localReplyHeaders(reply);
    const sink = this.hasResponse ? this.client : this.response;
    if (this.hasResponse) {
      this.closeResponses();
      this.state.responseHeaders = headers;
    }
    sink.pushHeaders(headers, reply.body.length === 0);
    if (reply.body.length > 0) sink.pushData(reply.body, true);
  }

  /** The exchange is over, well or not, as `details` says. All filters log it, those that it has not reached too. */
  end(details: string): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.state.details ??= details;
    for (const { request } of this.reached) request.close();
    this.closeResponses();
    this.filters.forEach((_filter, position) => this.reach(position));
    for (const filter of this.reached) filter.end();
  }

  private closeResponses(): void {
    for (const { response } of this.reached) response.close();
  }

  /** Where the request goes at a position of the chain: to its filter, which begins to work now; at the end, to the upstream. */
  private reach(position: number): DirectionSink {
    const filter = this.filters[position];
    if (filter === undefined) return this.io.upstream;
    return (this.reached[position] ??= filter.createStream(this.placeOf(position))).request;
  }

  private placeOf(position: number): Place {
    return {
      stream: this.state,
      upstream: relay(() => this.reach(position + 1)),
      client: this.reached[position - 1]?.response ?? this.client,
      requestFlow: this.flow("request", position),
      responseFlow: this.flow("response", position),
      localReply: (reply) => this.localReply(reply),
      reset: (details) => this.io.reset(details),
    };
  }

  private flow(direction: "request" | "response", position: number): FlowControl {
    const source = direction === "request" ? this.io.requestFlow : this.io.responseFlow;
    return {
      isFull: () => {
        const held = this.reached.reduce((sum, filter) => sum + filter[direction].heldSize, 0);
        return held > this.bufferLimit(direction);
      },
      pause: () => source.pause(position),
      resume: () => source.resume(position),
      overflow: () => source.overflow(),
    };
  }

  /** As in Higress, filters set the limit of one stream by a property. */
  private bufferLimit(direction: "request" | "response"): number {
    const property = this.state.properties.get(BUFFER_LIMITS[direction]);
    const limit = property === undefined ? NaN : Number(property.toString("latin1"));
    return Number.isSafeInteger(limit) && limit > 0 ? limit : this.io.bufferLimit;
  }
}

const BUFFER_LIMITS = { request: "set_decoder_buffer_limit", response: "set_encoder_buffer_limit" } as const;

/** A sink that is looked up when something comes. @param onHeaders is shown the headers first */
function relay(
  target: () => DirectionSink,
  onHeaders: (headers: HeaderMap) => unknown = () => {},
): DirectionSink {
  return {
    pushHeaders: (headers, endOfStream) => {
      onHeaders(headers);
      target().pushHeaders(headers, endOfStream);
    },
    pushData: (bytes, endOfStream) => target().pushData(bytes, endOfStream),
    pushTrailers: (trailers) => target().pushTrailers(trailers),
  };
}

/** Remembers how far the response has got at the client. */
class ObservedSink implements DirectionSink {
  hasHeaders = false;
  hasEnded = false;

  constructor(private readonly sink: DirectionSink) {}

  pushHeaders(headers: HeaderMap, endOfStream: boolean): void {
    this.hasHeaders = true;
    this.hasEnded = endOfStream;
    this.sink.pushHeaders(headers, endOfStream);
  }

  pushData(bytes: Buffer, endOfStream: boolean): void {
    this.hasEnded = endOfStream;
    this.sink.pushData(bytes, endOfStream);
  }

  pushTrailers(trailers: HeaderMap): void {
    this.hasEnded = true;
    this.sink.pushTrailers(trailers);
  }
}
