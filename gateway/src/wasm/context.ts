import type { StreamState } from "../chain/filter.ts";
import type { HeaderMap } from "../chain/header-map.ts";
import type { LocalReply } from "../chain/local-reply.ts";
import type { HttpCallRequest } from "./services.ts";
import type { BufferType, MapType, Status, StreamType } from "./types.ts";

/**
 * What host calls act on: a root (one plugin configuration) or a stream (one HTTP request). The answers of a
 * root to what only a stream has, and the reverse, are the statuses the C++ host gives.
 */
export interface Context {
  readonly id: number;
  /** The root this context belongs to; itself for a root. */
  readonly root: Root;
  /** What it shares with the other filters of the stream; `null` for a root. */
  readonly stream: StreamState | null;

  /** The map, or the status that says why there is none. */
  headerMap(type: MapType): HeaderMap | Status;
  /** The bytes a buffer holds now; `undefined` if this context has no such buffer now. */
  buffer(type: BufferType): Buffer | undefined;
  setBuffer(type: BufferType, bytes: Buffer): Status;
  /** `path` is the property's path, its segments joined by NUL. */
  property(path: string): Buffer | undefined;
  setProperty(path: string, value: Buffer): Status;
  sendLocalResponse(reply: LocalReply): void;
  continueStream(type: StreamType): Status;
  closeStream(type: StreamType): Status;
}

/** What a plugin configuration does for itself and for its streams, whichever of them asks. */
export interface Root {
  readonly id: number;
  /** The token of the call, or the status that refused it. */
  redisCall(service: string, query: Buffer): { status: Status; token: number };
  httpCall(request: HttpCallRequest): { status: Status; token: number };
  /** Milliseconds between ticks; 0 ends them. */
  setTickPeriod(ms: number): void;
  /** proxy_done: the filter, asked to go before, is ready now. */
  done(): void;
}
