import { Registry } from "prom-client";
import { ChainStream, type SourceControl, type StreamIo } from "../chain/chain.ts";
import type { DirectionSink } from "../chain/direction.ts";
import type { StreamInfo } from "../chain/filter.ts";
import { HeaderMap, type HeaderPair } from "../chain/header-map.ts";
import { countersIn } from "../decisions/counter-key.ts";
import { readDecision, type DecisionRecord } from "../decisions/record.ts";
import { FilterHost } from "../wasm/filter-host.ts";
import { GuestMetrics } from "../wasm/metrics.ts";
import type { HostServices } from "../wasm/services.ts";
import { SharedData } from "../wasm/shared-data.ts";
import { LogLevel, RedisStatus, Status } from "../wasm/types.ts";

/** A request or a response in memory. */
export interface Message {
  /** With pseudo headers, as filters see them. */
  readonly headers: readonly HeaderPair[];
  readonly body: Buffer;
}

/** What the filter did with a request. */
export interface Passage {
  /** The answer that it gave itself; `null` if the request goes on to the upstream. */
  readonly answer: Message | null;
  /** What the upstream gets; `null` if it gets nothing. */
  readonly forwarded: Message | null;
  /** The counters that it asked Redis about, in its order. */
  readonly counters: readonly string[];
  /** What it says about its decision, if its log has it. */
  readonly decision: DecisionRecord | null;
  /** Lets the upstream's response pass, and ends the exchange; resolves when the charge has been made. */
  respond(response: Message | null): Promise<DecisionRecord | null>;
}

export interface SandboxOptions {
  readonly module: WebAssembly.Module;
  readonly pluginName: string;
  /** JSON text. */
  readonly configuration: string;
  /** Answers the filter's commands, RESP as they are. */
  readonly redis: (query: Buffer) => Buffer | Promise<Buffer>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const BUFFER_LIMIT = 64 * 1024 * 1024;

/** A filter on its own: with its module, a configuration and a Redis that is given, it decides on calls that nobody sends. */
export class Sandbox {
  private readonly host: FilterHost;
  private readonly pending = new Set<Promise<void>>();
  private counters: string[] = [];
  private decision: DecisionRecord | null = null;

  /** @throws ConfigurationRefused, ModuleRejected */
  constructor(private readonly options: SandboxOptions) {
    const identity = { pluginName: options.pluginName, rootId: "", vmId: "" };
    this.host = new FilterHost(options.module, identity, this.services(), options.configuration, () => {});
  }

  close(): void {
    this.host.close();
  }

  /** Shows a request to the filter. Requests take turns: the next one comes when this one has been responded to. */
  async pass(request: Message, info: StreamInfo): Promise<Passage> {
    this.counters = [];
    this.decision = null;
    const forwarded = new Collector();
    const client = new Collector();
    const io = streamIo(info, forwarded, client);
    const stream = new ChainStream([this.host], io);
    const hasBody = request.body.length > 0;
    stream.request.pushHeaders(new HeaderMap(request.headers), !hasBody);
    if (hasBody) stream.request.pushData(request.body, true);
    await this.settled();
    return {
      answer: client.message,
      forwarded: client.message === null ? forwarded.message : null,
      counters: this.counters,
      decision: this.decision,
      respond: (response) => this.respond(stream, response),
    };
  }

  private async respond(stream: ChainStream, response: Message | null): Promise<DecisionRecord | null> {
    if (response !== null) {
      const hasBody = response.body.length > 0;
      stream.response.pushHeaders(new HeaderMap(response.headers), !hasBody);
      if (hasBody) stream.response.pushData(response.body, true);
    }
    this.decision = null;
    stream.end("via_upstream");
    await this.settled();
    return this.decision;
  }

  /** Until the filter waits for no reply any more. */
  private async settled(): Promise<void> {
    while (this.pending.size > 0) {
      await Promise.all(this.pending);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  private services(): HostServices {
    return {
      now: () => BigInt(Math.round(this.options.now())) * 1_000_000n,
      log: (_level, line) => (this.decision = readDecision(line) ?? this.decision),
      logLevel: LogLevel.Debug,
      metrics: new GuestMetrics(new Registry()),
      sharedData: new SharedData(),
      redis: { init: () => Status.Ok, call: (_service, query, reply) => this.ask(query, reply) },
      http: { call: () => Status.InternalFailure },
    };
  }

  private ask(query: Buffer, reply: (status: RedisStatus, bytes: Buffer) => void): Status {
    if (this.counters.length === 0) this.counters = countersIn(query);
    // Later, as a host does: the filter is still in the middle of its call.
    const answered = Promise.resolve().then(async () => {
      try {
        reply(RedisStatus.Ok, await this.options.redis(query));
      } catch {
        reply(RedisStatus.NetworkError, Buffer.alloc(0));
      }
    });
    this.pending.add(answered);
    void answered.then(() => this.pending.delete(answered));
    return Status.Ok;
  }
}

/** Keeps a message as it comes. */
class Collector implements DirectionSink {
  private headers: HeaderPair[] | null = null;
  private readonly chunks: Buffer[] = [];

  get message(): Message | null {
    return this.headers === null ? null : { headers: this.headers, body: Buffer.concat(this.chunks) };
  }

  pushHeaders(headers: HeaderMap): void {
    this.headers = [...headers];
  }

  pushData(bytes: Buffer): void {
    this.chunks.push(Buffer.from(bytes));
  }

  pushTrailers(): void {}
}

function streamIo(info: StreamInfo, upstream: Collector, client: Collector): StreamIo {
  const flow: SourceControl = { pause: () => {}, resume: () => {}, overflow: () => {} };
  return {
    info,
    upstream,
    client,
    requestFlow: flow,
    responseFlow: flow,
    bufferLimit: BUFFER_LIMIT,
    onLocalReply: () => {},
    reset: () => {},
  };
}
