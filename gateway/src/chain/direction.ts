import { BodyAction, HeadersAction, TrailersAction } from "./actions.ts";
import { Chunks } from "./chunks.ts";
import type { HeaderMap } from "./header-map.ts";

/** The filter's three callbacks for one direction; an action is a number from the filter, which may be an unknown one. */
export interface DirectionFilter {
  onHeaders(count: number, endOfStream: boolean): HeadersAction;
  onBody(size: number, endOfStream: boolean): BodyAction;
  onTrailers(count: number): TrailersAction;
}

/** A filter that does nothing in a direction. */
export const PASS: DirectionFilter = {
  onHeaders: () => HeadersAction.Continue,
  onBody: () => BodyAction.Continue,
  onTrailers: () => TrailersAction.Continue,
};

/** Where a direction leads: to that of the next filter; in the end, to the upstream for requests, the client for responses. */
export interface DirectionSink {
  pushHeaders(headers: HeaderMap, endOfStream: boolean): void;
  pushData(bytes: Buffer, endOfStream: boolean): void;
  pushTrailers(trailers: HeaderMap): void;
}

/** How a direction slows its source down. */
export interface FlowControl {
  /** Whether the filters hold more of a body than they may. */
  isFull(): boolean;
  /** Full, and the filter reads on as it goes: stop reading. */
  pause(): void;
  resume(): void;
  /** Full, and the filter wants the whole body buffered. */
  overflow(): void;
}

enum Iteration {
  Continue,
  /** The filter stopped, but is still shown what comes. */
  StopSingle,
  /** Nothing more is shown to the filter until it continues. */
  StopAll,
}

const EMPTY = Buffer.alloc(0);

/**
 * One direction of a stream at one filter: headers, body and trailers pass it on their way to the sink, and wait while it
 * pauses. The rules are those of Envoy's filter manager.
 */
export class Direction implements DirectionSink {
  /** The headers, from the moment they arrive (they stay readable for the access log). */
  headers: HeaderMap | null = null;
  trailers: HeaderMap | null = null;
  /** What the filter may touch now; Envoy takes the maps away once the filter has continued. */
  visible: { headers: boolean; trailers: boolean } = { headers: false, trailers: false };
  hasForwardedHeaders = false;

  /** Body bytes that were read and not forwarded. */
  private held = new Chunks();
  /** The bytes the body callback is looking at. */
  private window: Chunks | null = null;
  /** The filter asked for the body as a whole: each callback sees all of it so far. */
  private isCumulative = false;
  private iteration = Iteration.Continue;
  private buffersAll = false;
  private hasEnded = false;
  private hasForwardedEnd = false;
  private hasSeenTrailers = false;
  private isClosed = false;

  constructor(
    private readonly filter: DirectionFilter,
    private readonly sink: DirectionSink,
    private readonly flow: FlowControl,
    /** Whether StopIteration for headers holds the body back too (ABI 0.2.1). */
    private readonly stopsAll: boolean,
  ) {}

  /** Bytes of the body that wait here. */
  get heldSize(): number {
    return this.held.size;
  }

  get isPaused(): boolean {
    return this.iteration !== Iteration.Continue;
  }

  /** Everything, its end included, has been forwarded. */
  get isComplete(): boolean {
    return this.hasForwardedEnd;
  }

  /** Nothing is forwarded or shown to the filter from here on. */
  close(): void {
    this.isClosed = true;
    this.held = new Chunks();
    this.window = null;
    this.hideFromFilter();
  }

  hideFromFilter(): void {
    this.visible = { headers: false, trailers: false };
  }

  pushHeaders(headers: HeaderMap, endOfStream: boolean): void {
    if (this.isClosed) return;
    this.headers = headers;
    this.hasEnded = endOfStream;
    this.visible.headers = true;
    const action = this.filter.onHeaders(headers.size, endOfStream);
    if (this.isClosed) return;
    switch (action) {
      case HeadersAction.Continue:
      case HeadersAction.ContinueAndEndStream:
        this.visible.headers = false;
        this.forwardHeaders();
        break;
      case HeadersAction.StopIteration:
        this.iteration = this.stopsAll ? Iteration.StopAll : Iteration.StopSingle;
        break;
      default:
        this.iteration = Iteration.StopAll;
        this.buffersAll = action === HeadersAction.StopAllIterationAndBuffer;
    }
  }

  pushData(bytes: Buffer, endOfStream: boolean): void {
    if (this.isClosed) return;
    this.hasEnded ||= endOfStream;
    if (this.iteration === Iteration.StopAll) this.hold(new Chunks(bytes));
    else this.showData(bytes, endOfStream);
  }

  pushTrailers(trailers: HeaderMap): void {
    if (this.isClosed) return;
    this.hasEnded = true;
    this.trailers = trailers;
    if (this.iteration !== Iteration.StopAll) this.showTrailers(trailers);
  }

  /** Continues after a pause; without effect if the direction is not paused. */
  resume(): void {
    if (this.isClosed || !this.isPaused) return;
    // What was held back unseen must still pass the filter; what the filter itself stopped must not.
    const passesFilter = this.iteration === Iteration.StopAll;
    this.iteration = Iteration.Continue;
    this.isCumulative = this.buffersAll = false;
    this.hideFromFilter();
    this.flow.resume();

    const held = this.takeHeld();
    const body = held.isEmpty ? null : held.bytes;
    const bodyEnds = this.hasEnded && this.trailers === null;
    this.forwardHeaders(body !== null);
    if (body !== null && passesFilter) this.showData(body, bodyEnds);
    else if (body !== null) this.forwardData(body, bodyEnds);
    this.resumeEnd();
  }

  private resumeEnd(): void {
    if (this.isClosed || this.isPaused) return;
    if (this.trailers !== null && !this.hasSeenTrailers) this.showTrailers(this.trailers);
    else if (this.trailers !== null) this.forwardTrailers(this.trailers);
    else if (this.hasEnded) this.forwardData(EMPTY, true);
  }

  /** The body as the filter sees it now; `undefined` when it may not look. */
  get body(): Buffer | undefined {
    return this.visibleBody?.bytes;
  }

  /** Replaces the body the filter sees; false when it may not. */
  setBody(bytes: Buffer): boolean {
    const body = this.visibleBody;
    if (body !== null) body.bytes = bytes;
    return body !== null;
  }

  private get visibleBody(): Chunks | null {
    return this.window ?? (this.isCumulative ? this.held : null);
  }

  private showData(bytes: Buffer, endOfStream: boolean): void {
    if (this.isClosed) return;
    const window = this.isCumulative ? this.takeHeld() : new Chunks();
    window.append(new Chunks(bytes));
    this.window = window;
    const action = this.filter.onBody(window.size, endOfStream);
    if (this.isClosed) return;
    this.window = null;
    this.isCumulative = action === BodyAction.StopAndBuffer;
    if (action === BodyAction.Continue) {
      if (!this.isPaused) return this.forwardData(window.bytes, endOfStream);
      this.held.append(window);
      return this.resume();
    }
    this.iteration = Iteration.StopSingle;
    if (action === BodyAction.StopAndBuffer || action === BodyAction.StopAndWatermark) this.hold(window);
  }

  private takeHeld(): Chunks {
    const { held } = this;
    this.held = new Chunks();
    return held;
  }

  private hold(chunks: Chunks): void {
    this.held.append(chunks);
    if (!this.flow.isFull()) return;
    if (this.isCumulative || this.buffersAll) this.flow.overflow();
    else this.flow.pause();
  }

  private showTrailers(trailers: HeaderMap): void {
    this.hasSeenTrailers = true;
    this.visible.trailers = true;
    const action = this.filter.onTrailers(trailers.size);
    if (this.isClosed) return;
    if (action !== TrailersAction.Continue) {
      this.iteration = Iteration.StopSingle;
      return;
    }
    this.visible.trailers = false;
    if (this.isPaused) this.resume();
    else this.forwardTrailers(trailers);
  }

  /** Once; they end the stream when no body, not even an empty end, has to follow. */
  private forwardHeaders(bodyFollows = false): void {
    if (this.hasForwardedHeaders || this.headers === null) return;
    this.hasForwardedHeaders = true;
    this.hasForwardedEnd = this.hasEnded && !bodyFollows && this.trailers === null;
    this.sink.pushHeaders(this.headers, this.hasForwardedEnd);
  }

  private forwardData(bytes: Buffer, endOfStream: boolean): void {
    if (this.isClosed || this.hasForwardedEnd) return;
    this.hasForwardedEnd = endOfStream;
    this.sink.pushData(bytes, endOfStream);
  }

  private forwardTrailers(trailers: HeaderMap): void {
    if (this.isClosed || this.hasForwardedEnd) return;
    this.hasForwardedEnd = true;
    this.sink.pushTrailers(trailers);
  }
}
