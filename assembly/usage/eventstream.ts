import { Document } from "./document";
import { Progress } from "./progress";

/** Sizes of the parts of a message. */
const PRELUDE: i32 = 12;
const CRC: u32 = 4;
/** The largest message that is accepted (the protocol allows 16 MiB of payload and 128 KiB of headers). */
const MAX_MESSAGE: u32 = 32 << 20;

/** Which part of a message is being read. */
const enum Part {
  Prelude,
  Headers,
  Payload,
  Crc,
  /** Nowhere: the lengths made no sense, so the rest cannot be read. */
  Lost,
}

/**
 * AWS event streams (application/vnd.amazon.eventstream; smithy.io, "Amazon Event Stream Specification"):
 *
 *     +--------------+----------------+-------------+---------+---------+-------------+
 *     | total length | headers length | prelude CRC | headers | payload | message CRC |
 *     |  u32 big-end |    u32 big-end |         u32 |         |         |         u32 |
 *     +--------------+----------------+-------------+---------+---------+-------------+
 *
 * Each payload is a JSON text. Other payloads, and everything after lengths that make no sense, are passed on as unreadable.
 * Headers and checksums are skipped: the headers are not needed, and detecting damaged bytes is up to the client.
 */
@final
@unmanaged
export class EventStreamFraming {
  private part: Part = Part.Prelude;
  /** The bytes of the two lengths seen so far, and their number in the prelude. */
  private lengths: u64 = 0;
  private seen: i32 = 0;
  /** Bytes left of the current part, and of the parts after it. */
  private left: u32 = 0;
  private payload: u32 = 0;
  private progress: Progress = Progress.Open;

  constructor(private document: Document) {}

  begin(): void {
    this.beginMessage();
  }

  feed(ptr: usize, len: i32): void {
    const end = ptr + len;
    let at = ptr;
    while (at < end) {
      if (this.part == Part.Lost) return this.document.pass(at, end);
      if (this.part == Part.Prelude) {
        if (this.seen < 8) this.lengths = (this.lengths << 8) | load<u8>(at);
        ++at;
        if (++this.seen == PRELUDE) this.beginHeaders();
        continue;
      }
      const size = min<u32>(this.left, <u32>(end - at));
      if (this.part == Part.Payload) this.readPayload(at, size);
      at += size;
      this.left -= size;
      // A part may be empty, and the next one too.
      while (this.left == 0 && this.part != Part.Prelude) this.nextPart();
    }
  }

  private readPayload(ptr: usize, size: i32): void {
    const document = this.document;
    const isOpen = this.progress == Progress.Open;
    if (isOpen) this.progress = document.feed(ptr, size);
    if (this.progress == Progress.Malformed) document.pass(isOpen ? document.position : ptr, ptr + size);
  }

  private beginMessage(): void {
    this.part = Part.Prelude;
    this.lengths = 0;
    this.seen = 0;
  }

  private beginHeaders(): void {
    const total = <u32>(this.lengths >> 32);
    const headers = <u32>this.lengths;
    if (total > MAX_MESSAGE || headers > total || total - headers < <u32>PRELUDE + CRC) {
      this.part = Part.Lost;
      return;
    }
    this.part = Part.Headers;
    this.left = headers;
    this.payload = total - headers - PRELUDE - CRC;
    while (this.left == 0) this.nextPart();
  }

  private nextPart(): void {
    if (this.part == Part.Headers) {
      this.part = Part.Payload;
      this.left = this.payload;
      this.progress = Progress.Open;
      this.document.begin();
    } else if (this.part == Part.Payload) {
      this.part = Part.Crc;
      this.left = CRC;
    } else {
      this.beginMessage();
    }
  }
}
