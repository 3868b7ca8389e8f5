import { BodyAction, HeadersAction } from "../chain/actions.ts";
import { Direction, PASS, type DirectionFilter } from "../chain/direction.ts";
import type { Filter, Place, StreamFilter, StreamInfo, StreamState } from "../chain/filter.ts";
import type { HeaderPair } from "../chain/header-map.ts";
import type { Message } from "../sandbox/sandbox.ts";

/** A call as it reached the rate limiter, to be played again. It holds what callers sent, so it is never shown. */
export interface RecordedCall {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly durationMs: number;
  readonly info: StreamInfo;
  readonly request: Message;
  /** Of the upstream; `null` if the call never got there, or got no answer. */
  readonly response: Message | null;
}

const MAX_CALLS = 1000;
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_BODY = 256 * 1024;
/** Where a body names its model, it does so early or the page does without. */
const MODEL = /"model"\s*:\s*"([^"\\]{1,80})"/;
const MODEL_WITHIN = 4096;

/** Stands before the rate limiter and keeps the latest calls, bounded in number and in bytes, in memory only. */
export class Recorder implements Filter {
  readonly name = "recorder";
  private readonly calls: { call: RecordedCall; size: number }[] = [];
  private size = 0;
  private readonly models = new WeakMap<StreamState, string>();

  constructor(private readonly now: () => number) {}

  /** The oldest one first. */
  latest(count: number): RecordedCall[] {
    return this.calls.slice(-count).map(({ call }) => call);
  }

  get count(): number {
    return this.calls.length;
  }

  readonly modelOf = (stream: StreamState): string => this.models.get(stream) ?? "";

  createStream(place: Place): StreamFilter {
    const at = this.now();
    const { stream } = place;
    const request = new Tape();
    const response = new Tape();
    const requestDirection: Direction = new Direction(
      request.recording(
        () => requestDirection,
        (body) => this.noteModel(stream, body),
      ),
      ...([place.upstream, place.requestFlow, true] as const),
    );
    const responseDirection: Direction = new Direction(
      response.recording(() => responseDirection),
      ...([place.client, place.responseFlow, true] as const),
    );
    return {
      request: requestDirection,
      response: responseDirection,
      end: () => {
        const asked = request.message;
        if (asked === null) return;
        const isAnswered = stream.details === undefined || stream.details === "via_upstream";
        this.keep({
          ...{ at, durationMs: this.now() - at, info: stream.info, request: asked },
          response: isAnswered ? response.message : null,
        });
      },
    };
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {}

  private noteModel(stream: StreamState, body: Buffer): void {
    const [, model] = MODEL.exec(body.toString("utf8", 0, MODEL_WITHIN)) ?? [];
    if (model !== undefined && !this.models.has(stream)) this.models.set(stream, model);
  }

  private keep(call: RecordedCall): void {
    const size = sizeOf(call.request) + (call.response === null ? 0 : sizeOf(call.response));
    this.calls.push({ call, size });
    this.size += size;
    while (this.calls.length > MAX_CALLS || this.size > MAX_BYTES) this.size -= this.calls.shift()?.size ?? 0;
  }
}

/** One direction of a call as it passes. */
class Tape {
  private headers: readonly HeaderPair[] | null = null;
  private chunks: Buffer[] = [];
  private size = 0;

  /** `null` for what is too long to keep, or never came. */
  get message(): Message | null {
    if (this.headers === null || this.size > MAX_BODY) return null;
    return { headers: this.headers, body: Buffer.concat(this.chunks) };
  }

  recording(direction: () => Direction, onBody: (chunk: Buffer) => void = () => {}): DirectionFilter {
    return {
      ...PASS,
      onHeaders: () => {
        this.headers = [...(direction().headers ?? [])];
        return HeadersAction.Continue;
      },
      onBody: () => {
        const chunk = direction().body ?? Buffer.alloc(0);
        this.size += chunk.length;
        if (this.size > MAX_BODY) this.chunks = [];
        else this.chunks.push(Buffer.from(chunk));
        onBody(chunk);
        return BodyAction.Continue;
      },
    };
  }
}

function sizeOf({ headers, body }: Message): number {
  return headers.reduce((sum, [name, value]) => sum + name.length + value.length, body.length);
}
