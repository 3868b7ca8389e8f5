import { EventHead } from "./event-head";
import { FrameReader, Part } from "./frames";
import { isJsonLike, isTextLike } from "./json-like";

/**
 * The messages of one direction of a WebSocket, read frame by frame. The beginning of each is collected first, since it tells
 * how the rest is to be read.
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
  /** Whether the beginning of the current message is known. */
  private hasHead: bool = false;
  private isText: bool = false;

  /** @param masked whether the frames are those of a client */
  constructor(masked: bool) {
    this.frames = new FrameReader(masked);
  }

  dispose(): void {
    this.frames.dispose();
    this.head.dispose();
  }

  /** Takes the next `len` bytes at `ptr`, borrowed until `next` has said false, and unmasks them in place. */
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

  /** The messages so far have been charged, or are none of ours. */
  forget(): void {
    this.text = 0;
    this.media = 0;
    this.unreadable = 0;
  }

  /** The beginning is in `head`: decides how the message is read, and reads it. @param isText whether it may be text */
  protected abstract beginMessage(isText: bool): void;

  /** Reads what follows the beginning. */
  protected abstract read(ptr: usize, len: i32): void;

  /** The message has ended, after `completeHead`. @returns whether it reports usage */
  protected abstract finishMessage(): bool;

  /** Takes what there is for the beginning, if the message is no longer. */
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
