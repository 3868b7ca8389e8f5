import { EventHead } from "./event-head";
import { FrameReader, Part } from "./frames";
import { isJsonLike } from "./json-like";
import { ReaderPool } from "./reader-pool";
import { UsageScanner } from "./scanner";
import { Usage } from "./usage";

/** How the current message is read. */
const enum Reading {
  /** Its beginning is being collected. */
  Head,
  /** As JSON, by a scanner. */
  Json,
  /** Audio or another file: as it is, or in base64 in an event. */
  Media,
}

/**
 * What a server sends over a WebSocket: each message is an event in JSON, read as a response of its own. `feed` takes
 * bytes, and `next` is called as long as it finds a message that reports usage.
 *
 * Memory: about 400 bytes, and a scanner while a message goes on.
 */
@final
export class ServerMessages {
  /** What the message that `next` has found reports. */
  readonly usage: Usage = new Usage();
  /** Whether that is about a response of the model, and not about the transcript of what it was told. */
  isOfResponse: bool = false;
  /** Tokens of generated text, and bytes of media, since the last `forget()`. */
  text: i64 = 0;
  media: i64 = 0;
  /** Bytes that could not be read. */
  unreadable: i64 = 0;

  private frames: FrameReader = new FrameReader(false);
  private head: EventHead = new EventHead();
  private reading: Reading = Reading.Head;
  private isText: bool = false;
  private scanner: UsageScanner | null = null;

  constructor(private pool: ReaderPool) {}

  dispose(): void {
    this.returnScanner();
    this.frames.dispose();
    this.head.dispose();
    heap.free(changetype<usize>(this.usage));
  }

  /** Takes the next `len` bytes at `ptr`, borrowed until `next` has said false. */
  feed(ptr: usize, len: i32): void {
    this.frames.feed(ptr, len);
  }

  /** Reads on to the end of a message that reports usage; false if the bytes are used up before. */
  next(): bool {
    const frames = this.frames;
    while (true) {
      switch (frames.next()) {
        case Part.More:
          return false;
        case Part.End:
          if (this.endMessage()) return true;
          break;
        case Part.Unreadable:
          this.unreadable += frames.length;
          break;
        case Part.Text:
          this.isText = true;
          this.piece(frames.ptr, frames.length);
          break;
        default:
          this.isText = false;
          this.piece(frames.ptr, frames.length);
      }
    }
  }

  /** Where in the bytes fed last a frame begins, for the first time; 0 if none does. */
  get firstFrame(): usize {
    return this.frames.firstFrame;
  }

  /** Whether the bytes so far end with a frame. */
  get isBetweenFrames(): bool {
    return this.frames.isBetween;
  }

  /** What was generated so far has been charged. */
  forget(): void {
    this.text = 0;
    this.media = 0;
    this.unreadable = 0;
  }

  /** Takes the text of the message that goes on too: the connection has ended. */
  finish(): void {
    if (this.reading == Reading.Head && this.head.length > 0) this.endHead();
    this.takeText();
  }

  private piece(ptr: usize, len: i32): void {
    let at = ptr;
    const end = ptr + len;
    if (this.reading == Reading.Head) {
      at += this.head.take(at, len);
      if (!this.head.isFull) return;
      this.endHead();
    }
    this.read(at, <i32>(end - at));
  }

  /** The beginning is known: how is the rest to be read? */
  private endHead(): void {
    const head = this.head;
    const isJson = this.isText || isJsonLike(head.ptr, head.length);
    if (isJson) head.read();
    // Nothing but audio stands in such an event.
    if (!isJson || head.endsWith("audio.delta")) {
      this.reading = Reading.Media;
    } else {
      this.reading = Reading.Json;
      this.scanner = this.pool.borrowScanner(0, 0);
    }
    this.read(head.ptr, head.length);
  }

  private read(ptr: usize, len: i32): void {
    if (len <= 0) return;
    const scanner = this.scanner;
    if (scanner !== null) scanner.feed(ptr, len);
    else this.media += len;
  }

  /** Whether the message that has ended reports usage. */
  private endMessage(): bool {
    if (this.reading == Reading.Head && this.head.length > 0) this.endHead();
    const scanner = this.scanner;
    let reports = false;
    if (scanner !== null) {
      scanner.finish();
      reports = scanner.usage.reported;
      this.usage.reset();
      this.usage.add(scanner.usage);
      this.usage.clamped = scanner.usage.clamped;
      this.isOfResponse = !this.head.startsWith("conversation.");
    }
    this.takeText();
    this.head.begin();
    this.reading = Reading.Head;
    return reports;
  }

  /** Notes how much text the message holds that the model generated, and gives the scanner back. */
  private takeText(): void {
    const scanner = this.scanner;
    if (scanner !== null && !this.isEcho()) this.text += scanner.generated.tokens;
    this.returnScanner();
  }

  /** Whether the event repeats what the client has said, or what stood in earlier events. */
  private isEcho(): bool {
    const head = this.head;
    return (
      head.startsWith("conversation.") ||
      head.startsWith("session.") ||
      head.startsWith("input_") ||
      head.endsWith(".done") ||
      head.endsWith(".added")
    );
  }

  private returnScanner(): void {
    const scanner = this.scanner;
    if (scanner !== null) this.pool.returnScanner(scanner);
    this.scanner = null;
  }
}
