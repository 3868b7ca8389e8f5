import { AnswerId } from "./answer-id";
import { ClientMessages } from "./client-messages";
import { MAX_COUNT } from "./count";
import { ReaderPool } from "./reader-pool";
import { ServerMessages } from "./server-messages";
import { Usage } from "./usage";

/** Audio and files are not billed by size. At this rate, base64 recordings come to 10 to 60 tokens a second. */
const MEDIA_BYTES_PER_TOKEN: i64 = 1024;
/** The rate for bytes that cannot be read, the same as for compressed responses. */
const UNREADABLE_BYTES_PER_TOKEN: i64 = 4;
/** A report covers everything before it only if the estimate is at most this multiple of the reported tokens. */
const COVERED: i64 = 4;

/**
 * One WebSocket in both directions. Each server event that reports usage (`response.done` and `response.completed` of
 * OpenAI, `usageMetadata` of Gemini) belongs to one response and is charged separately. `input` and `output` estimate
 * the tokens that no event has reported yet.
 *
 * A report covers what was sent and generated before it, with one exception: a client that sends a short message and a
 * long one right after it, and leaves after the first answer, still pays for the second.
 */
@final
export class Conversation {
  private client: ClientMessages;
  private server: ServerMessages;

  constructor(pool: ReaderPool) {
    this.client = new ClientMessages(pool);
    this.server = new ServerMessages(pool);
  }

  /** Frees the memory. Do not use the conversation or its `usage` after that. */
  dispose(): void {
    this.client.dispose();
    this.server.dispose();
  }

  /** Reads the next `len` bytes from the client at `ptr`, and unmasks them in place. */
  fromClient(ptr: usize, len: i32): void {
    this.client.feed(ptr, len);
    // Clients do not report usage, so one call reads everything.
    this.client.next();
  }

  /** Takes the next `len` bytes from the server at `ptr`, borrowed until `nextReport` returns false. */
  fromServer(ptr: usize, len: i32): void {
    this.server.feed(ptr, len);
  }

  /** Reads up to the next event that reports usage. @returns false if there is none in these bytes */
  nextReport(): bool {
    if (!this.server.next()) return false;
    if (this.server.isOfResponse) this.cover();
    return true;
  }

  /** The usage reported by the event that `nextReport` has found. */
  get usage(): Usage {
    return this.server.usage;
  }

  /** The id of the response that the event belongs to, if that response can be fetched again. */
  get id(): AnswerId {
    return this.server.id;
  }

  /** An estimate of the tokens that the client has sent since the last report. */
  get input(): i64 {
    const client = this.client;
    const tokens = client.text + client.media / MEDIA_BYTES_PER_TOKEN;
    return min(tokens + client.unreadable / UNREADABLE_BYTES_PER_TOKEN, MAX_COUNT);
  }

  /** An estimate of the tokens that the server has sent since the last report. */
  get output(): i64 {
    const server = this.server;
    const tokens = server.text + server.media / MEDIA_BYTES_PER_TOKEN;
    return min(tokens + server.unreadable / UNREADABLE_BYTES_PER_TOKEN, MAX_COUNT);
  }

  /** The connection has ended. */
  finish(): void {
    this.server.finish();
  }

  /** Everything sent so far has been charged. */
  forget(): void {
    this.client.forget();
    this.server.forget();
  }

  /** Nothing that the client has sent so far reached the server. */
  forgetInput(): void {
    this.client.forget();
  }

  /** The address of the first frame that begins in the client's latest bytes; 0 if none does. */
  get clientFrame(): usize {
    return this.client.firstFrame;
  }

  /** The address of the first frame that begins in the server's latest bytes; 0 if none does. */
  get serverFrame(): usize {
    return this.server.firstFrame;
  }

  /** Whether the server's bytes so far end with a frame. */
  get isBetweenServerFrames(): bool {
    return this.server.isBetweenFrames;
  }

  /** Unreadable bytes stay: no report is known to include them. */
  private cover(): void {
    this.client.text = uncovered(this.client.text, this.usage.input);
    this.client.media = 0;
    this.server.text = uncovered(this.server.text, this.usage.output);
    this.server.media = 0;
  }
}

/** The part of `tokens`, an estimate, that remains to be charged after a report of `reported` tokens. */
function uncovered(tokens: i64, reported: i64): i64 {
  return tokens <= COVERED * reported ? 0 : tokens - reported;
}
