import { EventHead } from "./event-head";
import { FrameReader, Part } from "./frames";
import { isJsonLike, isTextLike } from "./json-like";

/**
 * The messages of one direction of a WebSocket, read frame by frame. The beginning of each message is collected first,
 * because it decides how to read the rest.
 *
 * Memory: about 400 bytes.
 */
export abstract class Messages {
  /** Tokens of text, and bytes of media, since the last `forget()`. */
  text: i64 = 0;
  media: i64 = 0;
  /** Bytes that could not be read. */
  unreadable: i64 = 0;

  protected readonly head: EventHead = new EventHead();
  private readonly frames: FrameReader;
  /** Whether the beginning of the current message has been collected. */
  private hasHead: bool = false;
  private isText: bool = false;

  /** @param masked whether the frames come from a client */
  constructor(masked: bool) {
    this.frames = new FrameReader(masked);
  }

  dispose(): void {
    this.frames.dispose();
    this.head.dispose();
  }

  /** Takes the next `len` bytes at `ptr`, borrowed until `next` returns false, and unmasks them in place. */
  feed(ptr: usize, len: i32): void {
    this.frames.feed(ptr, len);
  }

  /** Reads up to the end of a message that reports usage. @returns false if there is none in these bytes */
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

  /** The address of the first frame that begins in the latest bytes; 0 if none does. */
  get firstFrame(): usize {
    return this.frames.firstFrame;
  }

  /** Whether the bytes so far end with a frame. */
  get isBetweenFrames(): bool {
    return this.frames.isBetween;
  }

  /** The messages so far have been charged, or are not to be charged. */
  forget(): void {
    this.text = 0;
    this.media = 0;
    this.unreadable = 0;
  }

  /** Decides how to read the message whose beginning is in `head`, and reads that. @param isText whether it may be text */
  protected abstract beginMessage(isText: bool): void;

  /** Reads what follows the beginning. */
  protected abstract read(ptr: usize, len: i32): void;

  /** The message has ended, after `completeHead`. @returns whether it reports usage */
  protected abstract finishMessage(): bool;

  /** Begins a message that is shorter than what `head` collects. */
  protected completeHead(): void {
    if (!this.hasHead && this.head.length > 0) this.begin();
  }

  private begin(): void {
    this.hasHead = true;
    const head = this.head;
    const isText = this.isText || isJsonLike(head.ptr, head.length) || isTextLike(head.ptr, head.length);
    this.beginMessage(isText);
  }

  private piece(ptr: usize, len: i32): void {
    let at = ptr;
    const end = ptr + len;
    if (!this.hasHead) {
      at += this.head.take(at, len);
      if (!this.head.isFull) return;
      this.begin();
    }
    if (at < end) this.read(at, <i32>(end - at));
  }

  private endMessage(): bool {
    this.completeHead();
    const reports = this.finishMessage();
    this.head.begin();
    this.hasHead = false;
    return reports;
  }
}
