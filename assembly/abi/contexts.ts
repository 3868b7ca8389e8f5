import { FilterDataStatus, FilterHeadersStatus } from "./types";

/** One plugin configuration. Several share a VM, so everything that belongs to one is kept in its root context. */
export abstract class RootContext {
  constructor(readonly id: u32) {}

  /** The configuration has arrived and can be read during this call. @returns false to refuse it */
  abstract onConfigure(): bool;

  /** Creates the context of a new HTTP stream. */
  abstract createStream(id: u32): StreamContext;

  /** Called once in each period set with `setTickPeriod`. */
  onTick(): void {}

  /**
   * The configuration is no longer used.
   * @returns false to keep the context, with its ticks and the replies to its calls, until `done()` is called
   */
  onDone(): bool {
    return true;
  }

  /** The context goes. */
  onDelete(): void {}
}

/** One HTTP stream: a request and its response. */
export abstract class StreamContext {
  constructor(public id: u32) {}

  /** @param count the number of header lines */
  onRequestHeaders(_count: u32, _endOfStream: bool): FilterHeadersStatus {
    return FilterHeadersStatus.Continue;
  }

  /** @param size the size of the chunk, which is in the buffer `HttpRequestBody` */
  onRequestBody(_size: u32, _endOfStream: bool): FilterDataStatus {
    return FilterDataStatus.Continue;
  }

  /** The request ends with trailers. */
  onRequestTrailers(): FilterDataStatus {
    return FilterDataStatus.Continue;
  }

  onResponseHeaders(_endOfStream: bool): FilterHeadersStatus {
    return FilterHeadersStatus.Continue;
  }

  /** @param size the size of the chunk, which is in the buffer `HttpResponseBody` */
  onResponseBody(_size: u32, _endOfStream: bool): FilterDataStatus {
    return FilterDataStatus.Continue;
  }

  /** The response ends with trailers. */
  onResponseTrailers(): void {}

  /** The stream has ended, in any way. Called exactly once, as the last call, so the object may be reused. */
  onEnd(): void {}
}
