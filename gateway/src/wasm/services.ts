import type { GuestMetrics } from "./metrics.ts";
import type { SharedData } from "./shared-data.ts";
import type { StreamState } from "../chain/filter.ts";
import type { HeaderPair } from "../chain/header-map.ts";
import type { LogLevel, RedisStatus, Status } from "./types.ts";

export interface HttpCallRequest {
  readonly cluster: string;
  readonly headers: readonly HeaderPair[];
  readonly body: Buffer;
  readonly trailers: readonly HeaderPair[];
  /** Milliseconds from the call to the last byte of the response. */
  readonly timeout: number;
}

export interface HttpCallResponse {
  readonly headers: readonly HeaderPair[];
  readonly body: Buffer;
  readonly trailers: readonly HeaderPair[];
}

/** The reply to a call that the filter made, of whichever kind. */
export interface CalloutReply {
  readonly redisReply?: Buffer;
  readonly http?: HttpCallResponse;
}

/** What a VM needs from the gateway around it. */
export interface HostServices {
  /** Nanoseconds since the epoch. */
  readonly now: () => bigint;
  /** @param stream the one that the line is about, if there is one */
  readonly log: (level: LogLevel, message: string, stream?: StreamState | null) => void;
  /** Lines below this level need not be written; what proxy_get_log_level answers. */
  readonly logLevel: LogLevel;
  readonly metrics: GuestMetrics;
  readonly sharedData: SharedData;
  readonly redis: {
    /** BadArgument for an unknown cluster. Closes the cluster's connections; never contacts Redis. */
    init(service: string, username: string, password: string, timeoutMs: number): Status;
    /** On Ok, `reply` is called once, later. @param stream the one that the call is made for, if there is one */
    call(
      service: string,
      query: Buffer,
      reply: (status: RedisStatus, bytes: Buffer) => void,
      stream?: StreamState | null,
    ): Status;
  };
  readonly http: {
    /** On Ok, `reply` is called once, later; with `null` after a failure or timeout. */
    call(request: HttpCallRequest, reply: (response: HttpCallResponse | null) => void): Status;
  };
}

/** What a plugin configuration is known by. */
export interface PluginIdentity {
  readonly pluginName: string;
  readonly rootId: string;
  readonly vmId: string;
}
