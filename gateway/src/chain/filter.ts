import type { Direction, DirectionSink, FlowControl } from "./direction.ts";
import type { HeaderMap } from "./header-map.ts";
import type { LocalReply } from "./local-reply.ts";

/** One plugin of the chain, which lives as long as the gateway. */
export interface Filter {
  /** What log lines call it. */
  readonly name: string;
  /** Its side of a stream, made when the stream's request reaches it. */
  createStream(place: Place): StreamFilter;
  /** Takes its leave; resolves when nothing of it waits any more. */
  finish(): Promise<void>;
  /** Stops everything at once. */
  close(): void;
}

/** The filter refused its configuration; `problems` are what it said, a line each. */
export class ConfigurationRefused extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.length > 0 ? problems.join("\n") : "the filter refused the configuration");
  }
}

/** One filter at work for one stream. */
export interface StreamFilter {
  readonly request: Direction;
  readonly response: Direction;
  /** The exchange is over, well or not: the filter logs, and forgets the stream. */
  end(): void;
}

/** What is known of a stream outside its headers. */
export interface StreamInfo {
  readonly routeName: string;
  /** Envoy's name of the cluster, such as `outbound|443||qwen.dns`. */
  readonly clusterName: string;
  /** `ip:port` of the client, `[ip]:port` for IPv6. */
  readonly sourceAddress: string;
}

/** What all filters of a stream have in common. */
export interface StreamState {
  readonly info: StreamInfo;
  /** What filters have set, by path (segments joined by NUL); each reads what the others wrote. */
  readonly properties: Map<string, Buffer>;
  /** As they arrived, with what filters have changed since; they stay readable for the access log. */
  requestHeaders: HeaderMap | null;
  /** Of the response on its way to the client, wherever it comes from. */
  responseHeaders: HeaderMap | null;
  /** Envoy's response code details: who decided the response, or the end. */
  details: string | undefined;
}

/** Where a filter stands in the chain of one stream. */
export interface Place {
  readonly stream: StreamState;
  /** The next filter, or the upstream. */
  readonly upstream: DirectionSink;
  /** The previous filter, or the client. */
  readonly client: DirectionSink;
  readonly requestFlow: FlowControl;
  readonly responseFlow: FlowControl;
  /** Answers the client instead of the upstream. */
  localReply(reply: LocalReply): void;
  /** Ends both connections at once; the response, if begun, stays incomplete. */
  reset(details: string): void;
}
