// A proxy-wasm host for conformance tests: it offers only the imports of the target's allow-list, keeps what the
// filter did, and fails the test at once when the filter does what a host could not accept. It is written
// independently of gateway/, so that a misunderstanding of the ABI in one shows in the other.
import { readFileSync } from "node:fs";
import type { Exports } from "./guest.ts";
import { bufferCalls, type HandedOver } from "./host-calls/buffers.ts";
import { headerCalls, linesOf } from "./host-calls/headers.ts";
import { GuestMemory, Status, type Calls } from "./host-calls/memory.ts";
import { outcomeCalls } from "./host-calls/outcomes.ts";
import { redisCalls, type RedisCommand, type RedisInit } from "./host-calls/redis.ts";
import { newStream, type Headers, type Stream } from "./host-calls/stream.ts";
import { telemetryCalls } from "./host-calls/telemetry.ts";
import { encodePairs, withNumber } from "./wire.ts";

export { Status, type RedisCommand };

/** What the Higress target may import: a subset of what Higress' hosts provide. */
export const HIGRESS_IMPORTS = [
  "proxy_close_stream",
  "proxy_continue_stream",
  "proxy_define_metric",
  "proxy_done",
  "proxy_get_buffer_bytes",
  "proxy_get_current_time_nanoseconds",
  "proxy_get_header_map_pairs",
  "proxy_get_header_map_value",
  "proxy_get_log_level",
  "proxy_get_property",
  "proxy_increment_metric",
  "proxy_log",
  "proxy_record_metric",
  "proxy_redis_call",
  "proxy_redis_init",
  "proxy_remove_header_map_value",
  "proxy_replace_header_map_value",
  "proxy_send_local_response",
  "proxy_set_buffer_bytes",
  "proxy_set_effective_context",
  "proxy_set_property",
  "proxy_set_tick_period_milliseconds",
] as const;

/** What a body callback may ask for. */
const CONTINUE = 0;
const BUFFER = 1;
const WATERMARK = 2;

type Import = (typeof HIGRESS_IMPORTS)[number];
const encoder = new TextEncoder();

export class StrictHost {
  readonly logs: { level: number; text: string }[] = [];
  readonly properties = new Map<string, string>();
  /** Those that filters have set. The next stream does not have them, unless it stands for the same one in another filter. */
  readonly ownProperties = new Set<string>();
  isOneStream = false;
  /** Counters, and apart from them gauges. */
  readonly metrics = new Map<string, bigint>();
  readonly gauges = new Map<string, bigint>();
  readonly records = new Map<string, number[]>();
  readonly streams = new Map<number, Stream>();
  readonly redisInits: RedisInit[] = [];
  /** Commands that were sent and not answered yet. */
  readonly pending: RedisCommand[] = [];
  /** Cluster names that redis_init and redis_call know. */
  readonly clusters = new Set<string>();
  /** The clock, in milliseconds. */
  now = 1_000_000;
  logLevel = 2;
  /** Root contexts that the filter was asked to end and has not yet, and those it has ended since. */
  readonly ending = new Set<number>();
  readonly deletedRoots: number[] = [];
  /** How much time has passed, whatever the clock was set to meanwhile. */
  private passed = 0;
  /** For each root context that has asked for ticks: their period in milliseconds, and at which time the next one is due. */
  private readonly ticks = new Map<number, { period: number; next: number }>();
  /** Called before each import; a number is returned to the guest instead of carrying the call out. */
  intercept: (name: Import) => number | undefined = () => undefined;
  /** Called while redis_call runs, before it has returned. */
  onRedisCall: (command: RedisCommand) => void = () => {};
  /** Called whenever the filter has counted something. */
  onIncrement: (metric: string, by: number) => void = () => {};
  /** The header list as hosts give it; tests make it a wrong one. */
  encodeLines: (lines: [string, Uint8Array][]) => Uint8Array = encodePairs;
  guest!: Exports;

  protected readonly memory = new GuestMemory(() => this.guest);
  private current = 0;
  private effective = 0;
  private readonly handedOver: HandedOver = { pluginConfiguration: null, redisReply: null };

  static async load(file: string, imports: readonly string[] = HIGRESS_IMPORTS): Promise<StrictHost> {
    const module = await WebAssembly.compile(readFileSync(file));
    const strays = WebAssembly.Module.imports(module)
      .filter(({ module: from, name }) => from !== "env" || !imports.includes(name))
      .map(({ module: from, name }) => `${from}.${name}`);
    if (strays.length > 0) throw new Error(`unexpected imports: ${strays.join(", ")}`);
    const host = new this();
    const instance = await WebAssembly.instantiate(module, { env: host.imports() });
    host.guest = instance.exports as unknown as Exports;
    host.guest._initialize();
    return host;
  }

  /** Creates and configures a root context as hosts do; tells whether the configuration was accepted. */
  configure(root: number, configuration: unknown): boolean {
    this.as(root, () => {
      this.guest.proxy_on_context_create(root, 0);
      this.guest.proxy_on_vm_start(root, 0);
    });
    return this.reconfigure(root, configuration);
  }

  reconfigure(root: number, configuration: unknown): boolean {
    const text =
      configuration instanceof Uint8Array
        ? configuration
        : encoder.encode(typeof configuration === "string" ? configuration : JSON.stringify(configuration));
    this.handedOver.pluginConfiguration = text;
    const accepted = this.as(root, () => this.guest.proxy_on_configure(root, text.length));
    this.handedOver.pluginConfiguration = null;
    return accepted === 1;
  }

  open(id: number, root: number): Stream {
    const stream = newStream(id, root);
    this.streams.set(id, stream);
    if (!this.isOneStream) for (const name of this.ownProperties) this.properties.delete(name);
    this.as(id, () => this.guest.proxy_on_context_create(id, root));
    return stream;
  }

  /** A new stream whose request headers have arrived; `action` is what the filter asks for. */
  request(id: number, root: number, headers: Headers, end = true): Stream & { action: number } {
    const stream = this.open(id, root);
    stream.request = {
      ":authority": "example.com",
      ":path": "/v1/chat/completions",
      ":method": "POST",
      ...headers,
    };
    const action = this.as(id, () =>
      this.guest.proxy_on_request_headers(id, linesOf(stream.request!).length, end ? 1 : 0),
    );
    return Object.assign(stream, { action });
  }

  requestBody(id: number, chunk: string | Uint8Array, end = false): number {
    const stream = this.streams.get(id)!;
    stream.requestBody = typeof chunk === "string" ? encoder.encode(chunk) : chunk;
    const action = this.as(id, () =>
      this.guest.proxy_on_request_body(id, stream.requestBody.length, end ? 1 : 0),
    );
    // A chunk that is held goes on with those before it. Only after `StopIterationAndBuffer` are all of them in the buffer of
    // later callbacks.
    const body = Buffer.concat([stream.heldBody, stream.requestBody]);
    const isHeld = action === BUFFER || action === WATERMARK;
    stream.toServer = action === CONTINUE ? body : new Uint8Array();
    stream.heldBody = isHeld ? body : new Uint8Array();
    stream.requestBody = action === BUFFER ? body : new Uint8Array();
    return action;
  }

  requestTrailers(id: number): number {
    return this.as(id, () => this.guest.proxy_on_request_trailers(id, 0));
  }

  responseHeaders(id: number, headers: Headers, end = false): number {
    const stream = this.streams.get(id)!;
    stream.request = null;
    stream.response = { ":status": "200", ...headers };
    stream.readable = stream.response;
    const action = this.as(id, () =>
      this.guest.proxy_on_response_headers(id, linesOf(stream.response!).length, end ? 1 : 0),
    );
    stream.readable = null;
    return action;
  }

  responseBody(id: number, chunk: string | Uint8Array, end = false): number {
    const stream = this.streams.get(id)!;
    stream.body = typeof chunk === "string" ? encoder.encode(chunk) : chunk;
    const action = this.as(id, () => this.guest.proxy_on_response_body(id, stream.body.length, end ? 1 : 0));
    stream.toClient = stream.body;
    stream.body = new Uint8Array();
    return action;
  }

  responseTrailers(id: number): number {
    return this.as(id, () => this.guest.proxy_on_response_trailers(id, 0));
  }

  /** The stream is over. */
  end(id: number): void {
    const stream = this.streams.get(id);
    if (stream) stream.readable = stream.response;
    this.as(id, () => {
      this.guest.proxy_on_log(id);
      this.guest.proxy_on_done(id);
      this.guest.proxy_on_delete(id);
    });
    this.streams.delete(id);
  }

  /**
   * Answers the oldest command in flight, or the one given; null means that the connection failed. To an array it adds
   * the number of the command, as the scripts do.
   */
  reply(root: number, reply: string | Uint8Array | null, command = this.pending[0]): void {
    if (command === undefined) throw new Error("the filter has sent no Redis command");
    const index = this.pending.indexOf(command);
    if (index >= 0) this.pending.splice(index, 1);
    const number = String(command.args.at(-1));
    const numbered = typeof reply === "string" ? withNumber(reply, number) : reply;
    this.deliver(root, command.token, reply === null ? 1 : 0, numbered);
  }

  /** Hands over an answer as it is. */
  deliver(root: number, token: number, status: number, reply: string | Uint8Array | null): void {
    const outer = this.handedOver.redisReply;
    this.handedOver.redisReply =
      reply === null ? new Uint8Array() : typeof reply === "string" ? encoder.encode(reply) : reply;
    const size = this.handedOver.redisReply.length;
    this.as(root, () => this.guest.proxy_on_redis_call_response(root, token, status, size));
    this.handedOver.redisReply = outer;
  }

  /** The period of the ticks that a root context asked for, the first that has; 0 when there are none. */
  get tickPeriod(): number {
    for (const { period } of this.ticks.values()) return period;
    return 0;
  }

  /** Lets time pass, with the ticks that a root context asked for, or several. */
  pass(roots: number | readonly number[], milliseconds: number): void {
    const end = this.now + milliseconds;
    for (;;) {
      const [due] = [roots]
        .flat()
        .filter((root) => this.ticks.has(root))
        .sort((a, b) => this.ticks.get(a)!.next - this.ticks.get(b)!.next);
      const ticks = due !== undefined ? this.ticks.get(due) : undefined;
      if (due === undefined || ticks === undefined || ticks.next - this.passed > end - this.now) break;
      this.now += ticks.next - this.passed;
      this.passed = ticks.next;
      ticks.next += ticks.period;
      this.as(due, () => this.guest.proxy_on_tick(due));
    }
    this.passed += end - this.now;
    this.now = end;
  }

  /** The root context is no longer used; it is deleted now, or when the filter says so. */
  done(root: number): void {
    const isDone = this.as(root, () => this.guest.proxy_on_done(root)) === 1;
    if (!isDone) return void this.ending.add(root);
    this.as(root, () => this.guest.proxy_on_delete(root));
    this.ticks.delete(root);
  }

  /** The log lines at or above a level: 3 is warn. */
  lines(level = 3): string[] {
    return this.logs.filter((line) => line.level >= level).map((line) => line.text);
  }

  get memoryBytes(): number {
    return this.memory.size;
  }

  /** Runs a callback of the guest with `context` as the current one. */
  protected as<T>(context: number, callback: () => T): T {
    const [current, effective] = [this.current, this.effective];
    this.current = context;
    this.effective = context;
    try {
      return callback();
    } finally {
      this.current = current;
      this.effective = effective;
    }
  }

  /** The root context that the guest is in, or in one of whose streams. */
  get root(): number {
    return this.stream?.root ?? this.effective;
  }

  /** The stream that host calls are about, if the effective context is one. */
  get stream(): Stream | undefined {
    return this.streams.get(this.effective);
  }

  protected imports(): Calls<string> {
    const calls: Calls<Import> = {
      ...telemetryCalls(this.memory, this),
      ...headerCalls(this.memory, this),
      ...bufferCalls(this.memory, this, this.handedOver),
      ...outcomeCalls(this.memory, this),
      ...redisCalls(this.memory, this),
      ...this.ownCalls(),
    };
    return Object.fromEntries(
      Object.entries(calls).map(([name, call]) => [
        name,
        (...args: never[]) => this.intercept(name as Import) ?? call(...args),
      ]),
    );
  }

  /** The calls about time and contexts, which the host itself keeps. */
  private ownCalls(): Calls<
    | "proxy_get_current_time_nanoseconds"
    | "proxy_set_tick_period_milliseconds"
    | "proxy_set_effective_context"
    | "proxy_done"
  > {
    return {
      proxy_get_current_time_nanoseconds: (slot: number) => {
        this.memory.setLongNumber(slot, BigInt(this.now) * 1_000_000n);
        return Status.Ok;
      },
      proxy_set_tick_period_milliseconds: (period: number) => {
        if (period > 0) this.ticks.set(this.root, { period, next: this.passed + period });
        else this.ticks.delete(this.root);
        return Status.Ok;
      },
      proxy_set_effective_context: (context: number) => {
        if (!this.streams.has(context) && context !== this.current) return Status.BadArgument;
        this.effective = context;
        return Status.Ok;
      },
      proxy_done: () => {
        if (!this.ending.delete(this.effective)) throw new Error("proxy_done without having been asked");
        this.deletedRoots.push(this.effective);
        this.ticks.delete(this.effective);
        return Status.Ok;
      },
    };
  }
}
