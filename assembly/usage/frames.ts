/** What `FrameReader.next` has found. */
export const enum Part {
  /** Nothing: all bytes have been read. */
  More,
  /** A piece of a text message. */
  Text,
  /** A piece of a binary message. */
  Binary,
  /** The message has ended. */
  End,
  /** Bytes that cannot be read: deflated, or after a protocol error. */
  Unreadable,
}

const enum Opcode {
  Continuation = 0x0,
  Text = 0x1,
  Binary = 0x2,
  Close = 0x8,
  Ping = 0x9,
  Pong = 0xa,
}

const FIN: u32 = 0x80;
/** Set by permessage-deflate (RFC 7692) on the first frame of a message. */
const RSV1: u32 = 0x40;
const RSV2_AND_3: u32 = 0x30;
const OPCODE: u32 = 0x0f;
const CONTROL: u32 = 0x08;
const MASK: u32 = 0x80;
const LENGTH: u32 = 0x7f;
/** Longer payloads have their length in the next two bytes, or eight. */
const LENGTH_IN_2: u32 = 126;
const LENGTH_IN_8: u32 = 127;
/** Two bytes, eight for the length, four for the mask. */
const MAX_HEADER: i32 = 14;

/**
 * One direction of a WebSocket (RFC 6455, section 5), read while it passes, which may be cut anywhere:
 *
 *     frame = FIN RSV1-3 opcode(4) │ MASK length(7) │ [length(16) or (64)] │ [masking key(32)] │ payload
 *
 * A message is one or more data frames; control frames between them are skipped. Call `feed` with the next bytes, then call
 * `next` until it returns `More`; `ptr` and `length` hold what it found.
 *
 * After a protocol error, frames cannot be found any more, so everything that follows is `Unreadable`. Errors are: a reserved
 * opcode or bit, a forbidden or missing mask, a length of 2^63 or more, a long or fragmented control frame, and a message
 * inside another. RSV1 makes only its own message unreadable.
 *
 * Memory: about 80 bytes. Nothing else is allocated, and no bytes make it trap.
 */
@final
@unmanaged
export class FrameReader {
  /** The piece that was found. */
  ptr: usize = 0;
  length: i32 = 0;
  /** The address of the first frame that begins in the latest bytes; 0 if none does. */
  firstFrame: usize = 0;

  private header: usize = heap.alloc(MAX_HEADER);
  private headerSize: i32 = 0;
  private at: usize = 0;
  private end: usize = 0;
  /** Whether the payload of a frame is being read, and how many bytes of it are left. */
  private inFrame: bool = false;
  private left: u64 = 0;
  private first: u32 = 0;
  /** The masking key, rotated to the position in the payload. */
  private key: u32 = 0;
  /** The opcode of the message that is open, or 0. */
  private opcode: u32 = 0;
  private isDeflated: bool = false;
  private isBroken: bool = false;

  /** @param isMasked whether the frames come from a client, which must mask them; a server must not */
  constructor(private isMasked: bool) {}

  dispose(): void {
    heap.free(this.header);
    heap.free(changetype<usize>(this));
  }

  /** Takes the next `len` bytes at `ptr`, borrowed until `next` returns `More`. Masked payload is unmasked in place. */
  feed(ptr: usize, len: i32): void {
    this.at = ptr;
    this.end = ptr + max(len, 0);
    this.firstFrame = this.isBetween ? ptr : 0;
  }

  /** Reads up to the next part of a message. */
  next(): Part {
    while (true) {
      if (this.isBroken) return this.takeRest();
      if (this.inFrame) {
        if (this.left > 0) {
          if (this.at == this.end) return Part.More;
          this.takePayload();
          if (!(this.first & CONTROL)) return this.kind;
          continue;
        }
        this.inFrame = false;
        if (this.firstFrame == 0 && this.at < this.end) this.firstFrame = this.at;
        if (!(this.first & CONTROL) && (this.first & FIN) != 0) {
          this.opcode = 0;
          return Part.End;
        }
        continue;
      }
      if (!this.readHeader() && !this.isBroken) return Part.More;
    }
  }

  /** Whether the bytes so far end with a frame. */
  get isBetween(): bool {
    return !this.isBroken && !this.inFrame && this.headerSize == 0;
  }

  private get kind(): Part {
    if (this.isDeflated) return Part.Unreadable;
    return this.opcode == Opcode.Text ? Part.Text : Part.Binary;
  }

  private takeRest(): Part {
    if (this.at == this.end) return Part.More;
    this.ptr = this.at;
    this.length = <i32>(this.end - this.at);
    this.at = this.end;
    return Part.Unreadable;
  }

  private takePayload(): void {
    const size = <i32>min<u64>(this.left, <u64>(this.end - this.at));
    this.ptr = this.at;
    this.length = size;
    this.at += size;
    this.left -= size;
    if (this.isMasked && !(this.first & CONTROL)) this.unmask();
  }

  private unmask(): void {
    const key = this.key;
    const wide = (<u64>key) | ((<u64>key) << 32);
    let at = this.ptr;
    const end = at + this.length;
    for (; at + 8 <= end; at += 8) store<u64>(at, load<u64>(at) ^ wide);
    for (let turn = 0; at < end; ++at, turn += 8) store<u8>(at, <u8>(load<u8>(at) ^ (key >> turn)));
    this.key = rotr<u32>(key, (this.length & 3) << 3);
  }

  /** Reads the header of the next frame, and starts its payload. @returns false if the header is incomplete or wrong */
  private readHeader(): bool {
    const header = this.header;
    if (!this.collect(2)) return false;
    const first = <u32>load<u8>(header);
    const second = <u32>load<u8>(header, 1);
    if (!this.isAllowed(first, second)) return this.give();
    const short = second & LENGTH;
    const lengthSize = short == LENGTH_IN_8 ? 8 : short == LENGTH_IN_2 ? 2 : 0;
    if (!this.collect(2 + lengthSize + (this.isMasked ? 4 : 0))) return false;
    let length = <u64>short;
    if (lengthSize == 2) length = <u64>bswap<u16>(load<u16>(header, 2));
    else if (lengthSize == 8) length = bswap<u64>(load<u64>(header, 2));
    if (<i64>length < 0) return this.give();

    if (this.isMasked) this.key = load<u32>(header + 2 + lengthSize);
    this.headerSize = 0;
    this.first = first;
    this.left = length;
    this.inFrame = true;
    const opcode = first & OPCODE;
    if (opcode == Opcode.Text || opcode == Opcode.Binary) {
      this.opcode = opcode;
      this.isDeflated = (first & RSV1) != 0;
    }
    return true;
  }

  /** Collects the first `size` bytes of the header. @returns whether all of them are there */
  private collect(size: i32): bool {
    while (this.headerSize < size && this.at < this.end) {
      store<u8>(this.header + this.headerSize++, load<u8>(this.at++));
    }
    return this.headerSize >= size;
  }

  /** Whether a frame with these first two bytes is allowed at this point. */
  private isAllowed(first: u32, second: u32): bool {
    const opcode = first & OPCODE;
    if ((first & RSV2_AND_3) != 0 || ((second & MASK) != 0) != this.isMasked) return false;
    if (opcode & CONTROL) {
      const isShort = (second & LENGTH) < LENGTH_IN_2;
      return opcode <= <u32>Opcode.Pong && (first & FIN) != 0 && !(first & RSV1) && isShort;
    }
    if (opcode == Opcode.Continuation) return this.opcode != 0 && !(first & RSV1);
    return opcode <= <u32>Opcode.Binary && this.opcode == 0;
  }

  /** Treats everything that follows as unreadable. */
  private give(): bool {
    this.isBroken = true;
    return false;
  }
}
