// The host that `make bench` measures filters on. Whatever it does is in every number, so it does as little as it can:
// what a filter may ask for is encoded beforehand, nothing is validated, nothing is copied that the ABI does not demand,
// and no call allocates outside of the filter's memory. It knows one stream at a time.
//
// It shares no code with the host of the conformance tests, which checks everything and is many times slower.
import { wasiImports } from "../../gateway/src/wasm/imports/wasi.ts";
import { GuestMemory } from "../../gateway/src/wasm/memory.ts";
import { number } from "./dialect.ts";
import type { Guest } from "./guest.ts";
import { linked, Status, type HostCalls } from "./imports.ts";
import { emptyRecording, type Recording } from "./recording.ts";
import { Values } from "./values.ts";

export const ROOT = 1;
const Level = { Info: 2, Warn: 3 } as const;
const NONE = new Uint8Array();
const MAX_COMPLAINTS = 100;
/** Below that, a loop copies faster than TypedArray.set. */
const SMALL = 64;

export class BenchHost {
  /** What filters may ask for. */
  request = new Values({});
  response = new Values({});
  properties = new Values({});
  requestBody: Uint8Array = NONE;
  responseBody: Uint8Array = NONE;
  /** Whether the filter has answered the stream itself; to be set to false when one begins. */
  rejected = false;
  /** What the filter has logged at warn or above: the first of it. */
  readonly complaints: string[] = [];
  guest!: Guest;

  protected memory = NONE;
  protected words = new Uint32Array();
  protected allocate!: (size: number) => number;
  private recording: Recording | null = null;
  private redisReply: Uint8Array = NONE;
  private configuration: Uint8Array = NONE;
  /** The token of the Redis command that waits for its reply, or 0. */
  private pending = 0;
  private token = 3;
  /** Where in the filter's memory the command ends that waits for its reply. */
  private commandEnd = 0;
  private metricNames: string[] = [];

  /** @param wrap may replace the functions that are offered to the filter */
  static async load(
    module: WebAssembly.Module,
    wrap: (calls: HostCalls) => HostCalls = (calls) => calls,
  ): Promise<BenchHost> {
    const host = new this();
    const wasi = wasiImports({
      get memory() {
        return new GuestMemory(host.guest.memory, host.allocate);
      },
      now: () => BigInt(Date.now()) * 1_000_000n,
      log: (_level, line) => console.error(line),
    });
    const imports = linked(module, wrap({ ...host.calls(), ...wasi }));
    const instance = await WebAssembly.instantiate(module, imports);
    host.guest = instance.exports as unknown as Guest;
    host.allocate = (host.guest.malloc ?? host.guest.proxy_on_memory_allocate)!;
    host.refresh();
    if (host.guest._initialize) host.guest._initialize();
    else host.guest._start?.();
    return host;
  }

  /** Creates the root context; throws when the filter refuses its configuration. */
  configure(configuration: string): void {
    this.configuration = Buffer.from(configuration);
    this.guest.proxy_on_context_create(ROOT, 0);
    this.guest.proxy_on_vm_start?.(ROOT, 0);
    if (!this.guest.proxy_on_configure(ROOT, this.configuration.length)) {
      throw new Error(`the configuration was refused: ${this.complaints.join("; ")}`);
    }
  }

  /** Answers the Redis command in flight, if there is one. */
  reply(reply: Uint8Array): void {
    const token = this.pending;
    if (token === 0) return;
    this.pending = 0;
    this.redisReply = reply;
    this.refresh();
    // The filter has done nothing since, so that its command still stands there.
    number(reply, this.memory, this.commandEnd);
    if (this.recording) this.recording.replied += reply.length;
    this.guest.proxy_on_redis_call_response(ROOT, token, 0, reply.length);
  }

  /** Keeps from now on what the filter does, which costs time, until `stop`. */
  record(): Recording {
    return (this.recording = emptyRecording());
  }

  stop(): void {
    this.recording = null;
  }

  get memoryBytes(): number {
    return this.guest.memory.buffer.byteLength;
  }

  /** Hands bytes to the filter. */
  protected give(value: Uint8Array, ptrSlot: number, sizeSlot: number): number {
    const size = value.length;
    const ptr = size === 0 ? 0 : this.allocate(size);
    this.refresh();
    if (size > SMALL) this.memory.set(value, ptr);
    else for (let i = 0; i < size; ++i) this.memory[ptr + i] = value[i]!;
    this.words[ptrSlot >>> 2] = ptr;
    this.words[sizeSlot >>> 2] = size;
    return Status.Ok;
  }

  protected giveValue(
    values: Values,
    name: number,
    nameSize: number,
    ptrSlot: number,
    sizeSlot: number,
  ): number {
    this.refresh();
    const value = values.get(this.memory, name, nameSize);
    return value === undefined ? Status.NotFound : this.give(value, ptrSlot, sizeSlot);
  }

  protected giveLines(values: Values, ptrSlot: number, sizeSlot: number): number {
    this.refresh();
    return this.give(values.lines, ptrSlot, sizeSlot);
  }

  protected giveNumber(slot: number, value: number): void {
    this.refresh();
    this.words[slot >>> 2] = value;
  }

  protected bytesOf(type: number): Uint8Array {
    if (type === 1) return this.responseBody;
    if (type === 9) return this.redisReply;
    if (type === 7) return this.configuration;
    return type === 0 ? this.requestBody : NONE;
  }

  /** The filter puts bytes in the place of the first `replaced` ones of the request's body, which the bench uses again. */
  protected rewrite(_replaced: number, _ptr: number, _size: number): void {}

  /** The filter sets a header. */
  protected setHeader(_name: number, _nameSize: number, _value: number, _valueSize: number): void {}

  /** A Redis command was handed over. */
  protected send(_query: number, _size: number): void {}

  /** Looks at the filter's memory anew if it has grown: then the old view is detached, and its length 0. */
  private refresh(): void {
    if (this.memory.length > 0) return;
    this.memory = new Uint8Array(this.guest.memory.buffer);
    this.words = new Uint32Array(this.guest.memory.buffer);
  }

  private text(ptr: number, size: number): string {
    return Buffer.from(this.guest.memory.buffer, ptr, size).toString();
  }

  private calls(): HostCalls {
    return { ...this.reading(), ...this.acting(), ...this.telling(), ...this.asking() };
  }

  /** What a filter reads. */
  private reading(): HostCalls {
    return {
      // The clock stands still, in October 2024.
      proxy_get_current_time_nanoseconds: (slot: number) => {
        this.giveNumber(slot, 0);
        this.giveNumber(slot + 4, 0x18000000);
        return Status.Ok;
      },
      proxy_get_property: (path: number, size: number, ptrSlot: number, sizeSlot: number) =>
        this.giveValue(this.properties, path, size, ptrSlot, sizeSlot),
      proxy_get_header_map_value: (
        map: number,
        name: number,
        size: number,
        ptrSlot: number,
        sizeSlot: number,
      ) => this.giveValue(map === 0 ? this.request : this.response, name, size, ptrSlot, sizeSlot),
      proxy_get_header_map_pairs: (map: number, ptrSlot: number, sizeSlot: number) =>
        this.giveLines(map === 0 ? this.request : this.response, ptrSlot, sizeSlot),
      proxy_get_buffer_bytes: (
        type: number,
        start: number,
        max: number,
        ptrSlot: number,
        sizeSlot: number,
      ) => {
        const bytes = this.bytesOf(type);
        const end = start + (max >>> 0);
        const isAll = start === 0 && end >= bytes.length;
        return this.give(isAll ? bytes : bytes.subarray(start, end), ptrSlot, sizeSlot);
      },
    };
  }

  /** What it does to its stream. */
  private acting(): HostCalls {
    return {
      proxy_set_property: () => Status.Ok,
      proxy_remove_header_map_value: () => Status.Ok,
      proxy_replace_header_map_value: (
        _map: number,
        name: number,
        nameSize: number,
        value: number,
        valueSize: number,
      ) => {
        this.setHeader(name, nameSize, value, valueSize);
        return Status.Ok;
      },
      proxy_set_buffer_bytes: (
        _type: number,
        _start: number,
        replaced: number,
        ptr: number,
        size: number,
      ) => {
        this.rewrite(replaced, ptr, size);
        if (this.recording) {
          const beginning = Buffer.from(new Uint8Array(this.guest.memory.buffer, ptr, size));
          this.recording.rewritten = Buffer.concat([beginning, this.requestBody.subarray(replaced)]);
        }
        return Status.Ok;
      },
      proxy_set_effective_context: () => Status.Ok,
      proxy_set_tick_period_milliseconds: () => Status.Ok,
      proxy_continue_stream: () => {
        if (this.recording) ++this.recording.continued;
        return Status.Ok;
      },
      proxy_send_local_response: (code: number) => {
        this.rejected = true;
        this.recording?.answers.push(code);
        return Status.Ok;
      },
    };
  }

  /** What it tells whoever looks after the proxy. */
  private telling(): HostCalls {
    return {
      proxy_log: (level: number, ptr: number, size: number) => {
        if (level >= Level.Warn && this.complaints.length < MAX_COMPLAINTS) {
          this.complaints.push(this.text(ptr, size));
        }
        return Status.Ok;
      },
      proxy_get_log_level: (slot: number) => {
        this.giveNumber(slot, Level.Info);
        return Status.Ok;
      },
      proxy_define_metric: (_type: number, name: number, size: number, slot: number) => {
        this.giveNumber(slot, this.metricNames.push(this.text(name, size)) - 1);
        return Status.Ok;
      },
      proxy_record_metric: () => Status.Ok,
      proxy_increment_metric: (id: number, by: bigint) => {
        if (this.recording) {
          const name = this.metricNames[id] ?? String(id);
          this.recording.metrics.set(name, (this.recording.metrics.get(name) ?? 0n) + by);
        }
        return Status.Ok;
      },
    };
  }

  /** What it asks Redis. */
  private asking(): HostCalls {
    return {
      proxy_redis_init: () => Status.Ok,
      proxy_redis_call: (_service: number, _n: number, query: number, size: number, slot: number) => {
        this.pending = this.token += 4;
        this.giveNumber(slot, this.token);
        this.commandEnd = query + size;
        this.send(query, size);
        if (this.recording) {
          this.recording.commands.push(Buffer.from(new Uint8Array(this.guest.memory.buffer, query, size)));
        }
        return Status.Ok;
      },
    };
  }
}
