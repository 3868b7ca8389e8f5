import type { Place } from "../chain/filter.ts";
import type { LocalReply } from "../chain/local-reply.ts";
import type { Context, Root } from "./context.ts";
import { WasmStream, type StreamOwner } from "./stream.ts";
import { BufferType, RedisStatus, Status } from "./types.ts";
import type { CalloutReply, HttpCallRequest, HttpCallResponse, PluginIdentity } from "./services.ts";
import type { Vm } from "./vm.ts";

const EMPTY = Buffer.alloc(0);

/**
 * One plugin configuration in a VM. Several live side by side: other configurations of the same module, and
 * the previous one of this plugin while its last streams end.
 */
export class RootContext implements Context, Root, StreamOwner {
  readonly id: number;
  readonly root = this;
  readonly stream = null;
  private readonly streams = new Set<WasmStream>();
  private ticker: NodeJS.Timeout | undefined;
  private isConfiguring = false;
  private isRetired = false;
  private onDeleted: () => void = () => {};
  /** Resolves when the root, which was retired, has been deleted. */
  readonly deleted = new Promise<void>((resolve) => (this.onDeleted = resolve));

  constructor(
    readonly vm: Vm,
    private readonly identity: PluginIdentity,
    /** The plugin configuration, JSON text. */
    readonly configuration: string,
  ) {
    this.id = vm.allocateContextId();
    vm.contexts.set(this.id, this);
  }

  /** proxy_on_context_create, proxy_on_vm_start, proxy_on_configure; false if the filter refuses. */
  start(): boolean {
    this.vm.notify(this, "proxy_on_context_create", 0);
    const started = this.vm.notify(this, "proxy_on_vm_start", 0);
    this.isConfiguring = true;
    const size = Buffer.byteLength(this.configuration);
    const configured = started && this.vm.notify(this, "proxy_on_configure", size);
    this.isConfiguring = false;
    return configured && this.vm.trap === null;
  }

  createStream(place: Place): WasmStream {
    const stream = new WasmStream(this, place);
    this.streams.add(stream);
    return stream;
  }

  /** A stream has ended; the last one of a retired root takes the root with it. */
  release(stream: WasmStream): void {
    this.streams.delete(stream);
    if (this.isRetired) this.deleteIfIdle();
  }

  /** No new streams; the root is deleted when the last one has ended and the filter agrees. */
  retire(): void {
    this.isRetired = true;
    this.deleteIfIdle();
  }

  /** Answers every stream with 503, or resets it if its response has started. */
  failStreams(): void {
    for (const stream of [...this.streams]) stream.fail();
  }

  /** proxy_done: the filter, asked to go before, is ready now. */
  done(): void {
    if (this.isRetired) this.delete();
  }

  private deleteIfIdle(): void {
    if (this.streams.size === 0 && this.vm.notify(this, "proxy_on_done")) this.delete();
  }

  /** Ends ticks; the context no longer exists for the guest or for late replies. */
  private delete(): void {
    this.stopTicks();
    this.onDeleted();
    if (!this.vm.contexts.has(this.id)) return;
    this.vm.notify(this, "proxy_on_delete");
    this.vm.contexts.delete(this.id);
  }

  stopTicks(): void {
    clearInterval(this.ticker);
  }

  /** Milliseconds between ticks; 0 ends them. */
  setTickPeriod(ms: number): void {
    this.stopTicks();
    if (ms > 0) this.ticker = setInterval(() => this.vm.notify(this, "proxy_on_tick"), ms).unref();
  }

  /** The token of the call, or the status that refused it. */
  redisCall(service: string, query: Buffer): { status: Status; token: number } {
    const token = this.vm.allocateToken(3);
    const stream = this.vm.context()?.stream ?? null;
    const onReply = (outcome: RedisStatus, bytes: Buffer): void => {
      const size = outcome === RedisStatus.Ok ? bytes.length : 0;
      this.onCalloutDone({ redisReply: bytes }, "proxy_on_redis_call_response", [token, outcome, size]);
    };
    const status = this.vm.services.redis.call(service, query, onReply, stream);
    return { status, token: status === Status.Ok ? token : 0 };
  }

  httpCall(request: HttpCallRequest): { status: Status; token: number } {
    const token = this.vm.allocateToken(0);
    const status = this.vm.services.http.call(request, (response: HttpCallResponse | null) => {
      const counts = response
        ? [response.headers.length, response.body.length, response.trailers.length]
        : [0, 0, 0];
      this.onCalloutDone({ http: response ?? undefined }, "proxy_on_http_call_response", [token, ...counts]);
    });
    return { status, token: status === Status.Ok ? token : 0 };
  }

  /** A reply to a root that no longer exists is dropped. */
  private onCalloutDone(data: CalloutReply, callback: string, args: number[]): void {
    if (this.vm.contexts.get(this.id) !== this) return;
    this.vm.callout = data;
    this.vm.notify(this, callback, ...args);
    this.vm.callout = {};
  }

  buffer(type: BufferType): Buffer | undefined {
    if (type === BufferType.PluginConfiguration && this.isConfiguring) return Buffer.from(this.configuration);
    if (type === BufferType.VmConfiguration) return EMPTY;
    return undefined;
  }

  property(path: string): Buffer | undefined {
    switch (path) {
      case "plugin_name":
        return Buffer.from(this.identity.pluginName);
      case "plugin_root_id":
        return Buffer.from(this.identity.rootId);
      case "plugin_vm_id":
        return Buffer.from(this.identity.vmId);
      default:
        return undefined;
    }
  }

  // A root has no stream to act on.
  headerMap(): Status {
    return Status.BadArgument;
  }
  setBuffer(): Status {
    return Status.BadArgument;
  }
  setProperty(): Status {
    return Status.NotFound;
  }
  sendLocalResponse(_reply: LocalReply): void {}
  continueStream(): Status {
    return Status.Ok;
  }
  closeStream(): Status {
    return Status.Ok;
  }
}
