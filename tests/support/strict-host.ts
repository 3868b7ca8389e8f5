// A proxy-wasm host for conformance tests: it offers only the imports of the target's allow-list, keeps what the
// filter did, and fails the test at once when the filter does what a host could not accept. It is written
// independently of gateway/, so that a misunderstanding of the ABI in one shows in the other.
import { readFileSync } from "node:fs";
import type { Exports } from "./guest.ts";
import { encodePairs, parseCommand, parsePairs, withNumber } from "./wire.ts";

export const Status = { Ok: 0, NotFound: 1, BadArgument: 2, InternalFailure: 10 } as const;

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
  "proxy_redis_call",
  "proxy_redis_init",
  "proxy_remove_header_map_value",
  "proxy_send_local_response",
  "proxy_set_buffer_bytes",
  "proxy_set_effective_context",
  "proxy_set_property",
  "proxy_set_tick_period_milliseconds",
] as const;

type Import = (typeof HIGRESS_IMPORTS)[number];
type Line = string | Uint8Array;
/** A header that comes in several lines has a list of them, in their order. */
type Headers = Record<string, Line | readonly Line[]>;

export interface RedisCommand {
  token: number;
  cluster: string;
  args: Buffer[];
}

export interface LocalResponse {
  code: number;
  details: string;
  body: string;
  headers: [string, string][];
  grpcStatus: number;
}

interface Stream {
  id: number;
  request: Headers | null;
  response: Headers | null;
  /** The headers of the response while they can be read: in their own callback and, as in Envoy, in none but the last. */
  readable: Headers | null;
  requestBody: Uint8Array;
  body: Uint8Array;
  /** What the chunks that were shown last have become: what goes on to the server, and to the client. */
  toServer: Uint8Array;
  toClient: Uint8Array;
  localResponse: LocalResponse | null;
  continued: number;
  /** Whether the filter has ended both connections. */
  closed: boolean;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The lines of headers, names in lower case, as proxies keep them. */
function linesOf(headers: Headers): [string, Uint8Array][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? (value as Line[]) : [value as Line]).map((line): [string, Uint8Array] => [
      name.toLowerCase(),
      typeof line === "string" ? encoder.encode(line) : line,
    ]),
  );
}

export class StrictHost {
  readonly logs: { level: number; text: string }[] = [];
  readonly properties = new Map<string, string>();
  readonly metrics = new Map<string, bigint>();
  readonly streams = new Map<number, Stream>();
  readonly redisInits: { service: string; username: string; password: string; timeout: number }[] = [];
  /** Commands that were sent and not answered yet. */
  readonly pending: RedisCommand[] = [];
  /** Cluster names that redis_init and redis_call know. */
  readonly clusters = new Set<string>();
  /** The clock, in milliseconds. */
  now = 1_000_000;
  logLevel = 0;
  /** Root contexts that the filter was asked to end and has not yet, and those it has ended since. */
  readonly ending = new Set<number>();
  readonly deletedRoots: number[] = [];
  /** The period that the filter asked for last, in milliseconds. */
  tickPeriod = 0;
  /** How much time has passed, whatever the clock was set to meanwhile, and at which the next tick is due. */
  private passed = 0;
  private nextTick = 0;
  /** Called before each import; a number is returned to the guest instead of carrying the call out. */
  intercept: (name: Import) => number | undefined = () => undefined;
  /** Called while redis_call runs, before it has returned. */
  onRedisCall: (command: RedisCommand) => void = () => {};
  guest!: Exports;

  private current = 0;
  private effective = 0;
  private redisReply: Uint8Array | null = null;
  private pluginConfiguration: Uint8Array | null = null;
  private readonly metricNames: string[] = [];
  private nextToken = 7;

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
    this.pluginConfiguration = text;
    const accepted = this.as(root, () => this.guest.proxy_on_configure(root, text.length));
    this.pluginConfiguration = null;
    return accepted === 1;
  }

  open(id: number, root: number): Stream {
    const stream: Stream = {
      id,
      request: null,
      response: null,
      readable: null,
      requestBody: new Uint8Array(),
      body: new Uint8Array(),
      toServer: new Uint8Array(),
      toClient: new Uint8Array(),
      localResponse: null,
      continued: 0,
      closed: false,
    };
    this.streams.set(id, stream);
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
    stream.toServer = stream.requestBody;
    stream.requestBody = new Uint8Array();
    return action;
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
    const outer = this.redisReply;
    this.redisReply =
      reply === null ? new Uint8Array() : typeof reply === "string" ? encoder.encode(reply) : reply;
    const size = this.redisReply.length;
    this.as(root, () => this.guest.proxy_on_redis_call_response(root, token, status, size));
    this.redisReply = outer;
  }

  /** Lets time pass, with the ticks that the filter asked for. */
  pass(root: number, milliseconds: number): void {
    const end = this.now + milliseconds;
    while (this.tickPeriod > 0 && this.nextTick - this.passed <= end - this.now) {
      this.now += this.nextTick - this.passed;
      this.passed = this.nextTick;
      this.nextTick += this.tickPeriod;
      this.as(root, () => this.guest.proxy_on_tick(root));
    }
    this.passed += end - this.now;
    this.now = end;
  }

  /** The root context is no longer used; it is deleted now, or when the filter says so. */
  done(root: number): void {
    const isDone = this.as(root, () => this.guest.proxy_on_done(root)) === 1;
    if (isDone) this.as(root, () => this.guest.proxy_on_delete(root));
    else this.ending.add(root);
  }

  /** The log lines at or above a level: 3 is warn. */
  lines(level = 3): string[] {
    return this.logs.filter((line) => line.level >= level).map((line) => line.text);
  }

  get memoryBytes(): number {
    return this.guest.memory.buffer.byteLength;
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

  private get stream(): Stream | undefined {
    return this.streams.get(this.effective);
  }

  protected bytes(ptr: number, size: number): Uint8Array {
    if (ptr < 0 || size < 0 || ptr + size > this.memoryBytes) throw new Error("out of the guest's memory");
    return new Uint8Array(this.guest.memory.buffer, ptr, size).slice();
  }

  protected text(ptr: number, size: number): string {
    return decoder.decode(this.bytes(ptr, size));
  }

  protected number(ptr: number, value: number): void {
    new DataView(this.guest.memory.buffer).setUint32(ptr, value, true);
  }

  /** The header list as hosts give it; tests make it a wrong one. */
  encodeLines: (lines: [string, Uint8Array][]) => Uint8Array = encodePairs;

  /** Hands bytes to the guest; an empty value is a null pointer, without a call of malloc. */
  protected give(value: Uint8Array, ptrSlot: number, sizeSlot: number): number {
    const ptr = value.length === 0 ? 0 : this.guest.malloc(value.length);
    if (ptr !== 0) new Uint8Array(this.guest.memory.buffer, ptr, value.length).set(value);
    this.number(ptrSlot, ptr);
    this.number(sizeSlot, value.length);
    return Status.Ok;
  }

  protected imports(): Record<string, (...args: never[]) => number> {
    const calls: Record<Import, (...args: never[]) => number> = {
      proxy_log: (level: number, ptr: number, size: number) => {
        this.logs.push({ level, text: this.text(ptr, size) });
        return Status.Ok;
      },
      proxy_get_log_level: (slot: number) => {
        this.number(slot, this.logLevel);
        return Status.Ok;
      },
      proxy_get_current_time_nanoseconds: (slot: number) => {
        new DataView(this.guest.memory.buffer).setBigUint64(slot, BigInt(this.now) * 1_000_000n, true);
        return Status.Ok;
      },
      proxy_get_property: (path: number, pathSize: number, ptrSlot: number, sizeSlot: number) => {
        const value = this.properties.get(this.text(path, pathSize).replaceAll("\0", "."));
        return value === undefined ? Status.NotFound : this.give(encoder.encode(value), ptrSlot, sizeSlot);
      },
      proxy_set_property: (path: number, pathSize: number, value: number, valueSize: number) => {
        this.properties.set(this.text(path, pathSize), this.text(value, valueSize));
        return Status.Ok;
      },
      proxy_get_header_map_value: (
        map: number,
        key: number,
        keySize: number,
        ptrSlot: number,
        sizeSlot: number,
      ) => {
        const headers = map === 0 ? this.stream?.request : map === 2 ? this.stream?.readable : undefined;
        if (!headers) return Status.BadArgument;
        const name = this.text(key, keySize).toLowerCase();
        const line = linesOf(headers).find(([other]) => other === name);
        return line === undefined ? Status.NotFound : this.give(line[1], ptrSlot, sizeSlot);
      },
      proxy_get_header_map_pairs: (map: number, ptrSlot: number, sizeSlot: number) => {
        const headers = map === 0 ? this.stream?.request : map === 2 ? this.stream?.readable : undefined;
        if (!headers) return Status.BadArgument;
        return this.give(this.encodeLines(linesOf(headers)), ptrSlot, sizeSlot);
      },
      proxy_remove_header_map_value: (map: number, key: number, keySize: number) => {
        const headers = map === 0 ? this.stream?.request : undefined;
        if (!headers) return Status.BadArgument;
        Reflect.deleteProperty(headers, this.text(key, keySize).toLowerCase());
        return Status.Ok;
      },
      proxy_get_buffer_bytes: (
        type: number,
        start: number,
        max: number,
        ptrSlot: number,
        sizeSlot: number,
      ) => {
        const buffer =
          type === 0
            ? this.stream?.requestBody
            : type === 1
              ? this.stream?.body
              : type === 7
                ? this.pluginConfiguration
                : type === 9
                  ? this.redisReply
                  : null;
        if (!buffer) return Status.NotFound;
        return this.give(buffer.slice(start, start + (max >>> 0)), ptrSlot, sizeSlot);
      },
      proxy_set_buffer_bytes: (type: number, start: number, size: number, data: number, length: number) => {
        const stream = this.stream;
        const name = type === 0 ? "requestBody" : "body";
        if (!stream || type > 1 || stream[name].length === 0) return Status.BadArgument;
        if (start !== 0 || size !== stream[name].length) throw new Error(`set_buffer(${start}, ${size})`);
        stream[name] = this.bytes(data, length);
        return Status.Ok;
      },
      proxy_close_stream: (type: number) => {
        const stream = this.stream;
        if (!stream || type !== 1) throw new Error(`close_stream(${type})`);
        stream.closed = true;
        return Status.Ok;
      },
      proxy_done: () => {
        if (!this.ending.delete(this.effective)) throw new Error("proxy_done without having been asked");
        this.deletedRoots.push(this.effective);
        return Status.Ok;
      },
      proxy_set_tick_period_milliseconds: (period: number) => {
        this.tickPeriod = period;
        this.nextTick = this.passed + period;
        return Status.Ok;
      },
      proxy_continue_stream: (type: number) => {
        const stream = this.stream;
        if (!stream) return Status.BadArgument;
        if (type !== 0) throw new Error(`continue_stream(${type})`);
        if (stream.localResponse) throw new Error("continue_stream after a local response");
        stream.continued++;
        stream.request = null;
        return Status.Ok;
      },
      proxy_send_local_response: (
        code: number,
        details: number,
        detailsSize: number,
        body: number,
        bodySize: number,
        pairs: number,
        pairsSize: number,
        grpcStatus: number,
      ) => {
        const stream = this.stream;
        if (!stream) throw new Error("a local response outside of a stream");
        if (stream.localResponse) throw new Error("a second local response");
        if (stream.continued > 0) throw new Error("a local response after continue_stream");
        stream.localResponse = {
          code,
          details: this.text(details, detailsSize),
          body: this.text(body, bodySize),
          headers: parsePairs(this.bytes(pairs, pairsSize)),
          grpcStatus,
        };
        return Status.Ok;
      },
      proxy_set_effective_context: (context: number) => {
        if (!this.streams.has(context) && context !== this.current) return Status.BadArgument;
        this.effective = context;
        return Status.Ok;
      },
      proxy_define_metric: (_type: number, name: number, size: number, slot: number) => {
        this.metricNames.push(this.text(name, size));
        this.number(slot, this.metricNames.length - 1);
        return Status.Ok;
      },
      proxy_increment_metric: (id: number, by: bigint) => {
        const name = this.metricNames[id];
        if (name === undefined) throw new Error(`metric ${id} is not defined`);
        if (by < 0n) throw new Error(`${name} is decremented`);
        this.metrics.set(name, (this.metrics.get(name) ?? 0n) + by);
        return Status.Ok;
      },
      proxy_redis_init: (
        service: number,
        serviceSize: number,
        user: number,
        userSize: number,
        password: number,
        passwordSize: number,
        timeout: number,
      ) => {
        const name = this.text(service, serviceSize);
        if (!this.clusters.has(name.split("?")[0]!)) return Status.BadArgument;
        this.redisInits.push({
          service: name,
          username: this.text(user, userSize),
          password: this.text(password, passwordSize),
          timeout,
        });
        return Status.Ok;
      },
      proxy_redis_call: (
        service: number,
        serviceSize: number,
        query: number,
        querySize: number,
        slot: number,
      ) => {
        const cluster = this.text(service, serviceSize);
        if (!this.clusters.has(cluster)) return Status.BadArgument;
        const command = { token: this.nextToken, cluster, args: parseCommand(this.bytes(query, querySize)) };
        this.nextToken += 4;
        this.pending.push(command);
        this.onRedisCall(command);
        this.number(slot, command.token);
        return Status.Ok;
      },
    } as Record<Import, (...args: never[]) => number>;
    return Object.fromEntries(
      Object.entries(calls).map(([name, call]) => [
        name,
        (...args: never[]) => this.intercept(name as Import) ?? call(...args),
      ]),
    );
  }
}
