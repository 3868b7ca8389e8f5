import { FilterDataStatus, FilterHeadersStatus } from "./types";

/** One plugin configuration. Several live in one VM, so what belongs to a configuration hangs off its root context. */
export abstract class RootContext {
  constructor(readonly id: u32) {}

  /** The configuration has arrived and can be read during this call; false refuses it. */
  abstract onConfigure(): bool;

  /** A new HTTP stream. */
  abstract createStream(id: u32): StreamContext;

  /** The tick that was asked for. */
  onTick(): void {}

  /**
   * The configuration is no longer used. False keeps the context, with its ticks and the replies to its calls, until
   * `done()` is called.
   */
  onDone(): bool {
    return true;
  }
}

/** One HTTP stream: a request and its response. */
export abstract class StreamContext {
  constructor(public id: u32) {}

  /** @param count of the header lines */
  onRequestHeaders(_count: u32, _endOfStream: bool): FilterHeadersStatus {
    return FilterHeadersStatus.Continue;
  }

  /** @param size of the chunk, which is in the buffer `HttpRequestBody` */
  onRequestBody(_size: u32, _endOfStream: bool): FilterDataStatus {
    return FilterDataStatus.Continue;
  }

  onResponseHeaders(_endOfStream: bool): FilterHeadersStatus {
    return FilterHeadersStatus.Continue;
  }

  /** @param size of the chunk, which is in the buffer `HttpResponseBody` */
  onResponseBody(_size: u32, _endOfStream: bool): FilterDataStatus {
    return FilterDataStatus.Continue;
  }

  /** The response ends with trailers. */
  onResponseTrailers(): void {}

  /** The stream is over, however it ended. Called exactly once, and nothing after it: the object may be used again. */
  onEnd(): void {}
}
