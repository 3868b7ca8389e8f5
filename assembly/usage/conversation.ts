import { AnswerId } from "./answer-id";
import { ClientMessages } from "./client-messages";
import { MAX_COUNT } from "./count";
import { ReaderPool } from "./reader-pool";
import { ServerMessages } from "./server-messages";
import { Usage } from "./usage";

/** Audio and files are not billed by their length in bytes; recordings in base64 make 10 to 60 tokens a second so. */
const MEDIA_BYTES_PER_TOKEN: i64 = 1024;
/** Bytes that cannot be read, as with compressed responses. */
const UNREADABLE_BYTES_PER_TOKEN: i64 = 4;
/** A report covers what came before it, as far as that is not more than so many times what it reports. */
const COVERED: i64 = 4;

/**
 * What is said over one WebSocket, in both directions, and what of it has been reported. Each event of the server that
 * reports usage (`response.done` and `response.completed` of OpenAI, `usageMetadata` of Gemini) is about one response,
 * and is charged for itself. What no event has reported yet is `input` and `output`, estimated.
 *
 * A report covers what was sent and generated before it. Not whatever was: who sends a short message, and a long one
 * right behind it, and leaves after the first answer, has the second still to pay.
 */
@final
export class Conversation {
  private client: ClientMessages;
  private server: ServerMessages;

  constructor(pool: ReaderPool) {
    this.client = new ClientMessages(pool);
    this.server = new ServerMessages(pool);
  }

  /** Frees the memory; nothing of it must be used after that, `usage` neither. */
  dispose(): void {
    this.client.dispose();
    this.server.dispose();
  }

  /** Reads the next `len` bytes of the client at `ptr`, and unmasks them in place. */
  fromClient(ptr: usize, len: i32): void {
    this.client.feed(ptr, len);
    // A client reports nothing, so all of it is read at once.
    this.client.next();
  }

  /** Takes the next `len` bytes of the server at `ptr`, borrowed until `nextReport` has said false. */
  fromServer(ptr: usize, len: i32): void {
    this.server.feed(ptr, len);
  }

  /** Reads on to the next event that reports usage; false if the bytes are used up before. */
  nextReport(): bool {
    if (!this.server.next()) return false;
    if (this.server.isOfResponse) this.cover();
    return true;
  }

  /** What the event that `nextReport` has found reports. */
  get usage(): Usage {
    return this.server.usage;
  }

  /** The id of the response that it is about, if that can be fetched again. */
  get id(): AnswerId {
    return this.server.id;
  }

  /** Tokens that the client has sent since the last report, estimated. */
  get input(): i64 {
    const client = this.client;
    const tokens = client.text + client.media / MEDIA_BYTES_PER_TOKEN;
    return min(tokens + client.unreadable / UNREADABLE_BYTES_PER_TOKEN, MAX_COUNT);
  }

  /** Tokens that the server has sent since the last report, estimated. */
  get output(): i64 {
    const server = this.server;
    const tokens = server.text + server.media / MEDIA_BYTES_PER_TOKEN;
    return min(tokens + server.unreadable / UNREADABLE_BYTES_PER_TOKEN, MAX_COUNT);
  }

  /** No more bytes will come. */
  finish(): void {
    this.server.finish();
  }

  /** What was sent so far has been charged. */
  forget(): void {
    this.client.forget();
    this.server.forget();
  }

  /** What the client has sent so far has not reached the server. */
  forgetInput(): void {
    this.client.forget();
  }

  /** Where in the client's bytes fed last a frame begins, for the first time; 0 if none does. */
  get clientFrame(): usize {
    return this.client.firstFrame;
  }

  /** Where in the server's bytes fed last a frame begins, for the first time; 0 if none does. */
  get serverFrame(): usize {
    return this.server.firstFrame;
  }

  /** Whether the server's bytes so far end with a frame. */
  get isBetweenServerFrames(): bool {
    return this.server.isBetweenFrames;
  }

  /** What cannot be read is reported nowhere, so no report covers it. */
  private cover(): void {
    this.client.text = uncovered(this.client.text, this.usage.input);
    this.client.media = 0;
    this.server.text = uncovered(this.server.text, this.usage.output);
    this.server.media = 0;
  }
}

/** What is left of `tokens` that were estimated, once `reported` have been charged. */
function uncovered(tokens: i64, reported: i64): i64 {
  return tokens <= COVERED * reported ? 0 : tokens - reported;
}
