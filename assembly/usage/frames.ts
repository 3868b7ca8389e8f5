/** What `FrameReader.next` has come to. */
export const enum Part {
  /** The bytes that were fed are used up. */
  More,
  /** A piece of a message of text. */
  Text,
  /** A piece of a binary message. */
  Binary,
  /** The message has ended. */
  End,
  /** Bytes that cannot be read: deflated, or behind a mistake in the protocol. */
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
/** Two bytes, eight of length, four of the mask. */
const MAX_HEADER: i32 = 14;

/**
 * One direction of a WebSocket (RFC 6455, section 5), read while it passes, cut anywhere:
 *
 *     frame = FIN RSV1-3 opcode(4) │ MASK length(7) │ [length(16) or (64)] │ [masking key(32)] │ payload
 *
 * A message is one data frame or several; control frames may come between them, and are passed over. `feed` takes the
 * next bytes, and `next` is called until it says `More`; what it finds is in `ptr` and `length`.
 *
 * After a mistake in the protocol nothing can be found any more, so all that follows is `Unreadable`: a reserved opcode
 * or bit, a mask where there must be none or none where there must be one, a length above 2^63, a control frame that is
 * long or in pieces, a message inside another. A message with RSV1 is unreadable alone.
 *
 * Memory: about 80 bytes. Nothing is allocated after that, and no bytes make it trap.
 */
@final
@unmanaged
export class FrameReader {
  /** The piece that was found. */
  ptr: usize = 0;
  length: i32 = 0;
  /** Where in the bytes fed last a frame begins, for the first time; 0 if none does. */
  firstFrame: usize = 0;

  private header: usize = heap.alloc(MAX_HEADER);
  private headerSize: i32 = 0;
  private at: usize = 0;
  private end: usize = 0;
  /** Whether the payload of a frame is being read, and how much of it is to come. */
  private inFrame: bool = false;
  private left: u64 = 0;
  private first: u32 = 0;
  /** The masking key, turned to where the payload goes on. */
  private key: u32 = 0;
  /** The opcode of the message that is open, or 0. */
  private opcode: u32 = 0;
  private isDeflated: bool = false;
  private isBroken: bool = false;

  /** @param isMasked whether the frames are a client's, which must be masked; a server's must not */
  constructor(private isMasked: bool) {}

  dispose(): void {
    heap.free(this.header);
    heap.free(changetype<usize>(this));
  }

  /** Takes the next `len` bytes at `ptr`, borrowed until `next` has said `More`. What is masked is unmasked in place. */
  feed(ptr: usize, len: i32): void {
    this.at = ptr;
    this.end = ptr + max(len, 0);
    this.firstFrame = this.isBetween ? ptr : 0;
  }

  /** Reads on. */
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

  /** Reads the header of the next frame, and begins with its payload; false when the header goes on, or is wrong. */
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

  /** Whether the first `size` bytes of the header are there, now. */
  private collect(size: i32): bool {
    while (this.headerSize < size && this.at < this.end) {
      store<u8>(this.header + this.headerSize++, load<u8>(this.at++));
    }
    return this.headerSize >= size;
  }

  /** Whether a frame may begin with these two bytes here. */
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

  /** Gives up: nothing can be found any more. */
  private give(): bool {
    this.isBroken = true;
    return false;
  }
}
