import { BACKSLASH, COLON, COMMA, CR, LEFT_BRACE, LF, QUOTE, SPACE, TAB } from "../bytes/ascii";

/** How many bytes of a message are collected. */
const SIZE: i32 = 192;
/** Longer values are not a type or id. */
const MAX_VALUE: i32 = 64;

/**
 * The beginning of a message, which says what kind of event it is: `{"type":"response.created",…` or, with an id first,
 * `{"event_id":"…","type":"…",…`. It is collected first, so the message may be cut anywhere.
 *
 * Memory: about 220 bytes.
 */
@final
@unmanaged
export class EventHead {
  /** The collected bytes. */
  readonly ptr: usize = heap.alloc(SIZE);
  length: i32 = 0;
  /** The offset of the members after type and id; 0 if the message does not begin with these. */
  rest: i32 = 0;
  /** The offset of the value of `audio`, if that member comes next; 0 if it does not. */
  audio: i32 = 0;
  private typeAt: usize = 0;
  private typeSize: i32 = 0;

  dispose(): void {
    heap.free(this.ptr);
    heap.free(changetype<usize>(this));
  }

  /** Starts a new message. */
  begin(): void {
    this.length = 0;
    this.rest = 0;
    this.audio = 0;
    this.typeSize = 0;
  }

  /** Collects what it needs from the next `len` bytes at `ptr`. @returns how many bytes it took */
  take(ptr: usize, len: i32): i32 {
    const size = min(len, SIZE - this.length);
    memory.copy(this.ptr + this.length, ptr, size);
    this.length += size;
    return size;
  }

  get isFull(): bool {
    return this.length == SIZE;
  }

  /** Reads the first members of the message: its type and id, and where its audio begins. */
  read(): void {
    const begin = this.ptr;
    const end = begin + this.length;
    let at = afterBlanks(begin, end);
    if (at == end || load<u8>(at) != LEFT_BRACE) return;
    ++at;
    while (true) {
      const name = afterBlanks(at, end);
      const isType = isMember(name, end, "type");
      const isAudio = !isType && isMember(name, end, "audio");
      if (!isType && !isAudio && !isMember(name, end, "event_id")) return;
      at = afterBlanks(name + (isType ? 6 : isAudio ? 7 : 10), end);
      if (at == end || load<u8>(at) != COLON) return;
      at = afterBlanks(at + 1, end);
      if (at == end || load<u8>(at) != QUOTE) return;
      const value = ++at;
      if (isAudio) {
        this.audio = <i32>(value - begin);
        return;
      }
      while (at < end && load<u8>(at) != QUOTE) {
        if (load<u8>(at) == BACKSLASH) return;
        ++at;
      }
      const size = <i32>(at - value);
      if (at == end || size > MAX_VALUE) return;
      // A type that is there twice cannot be relied on.
      if (isType && this.typeSize > 0) {
        this.typeSize = 0;
        return;
      }
      if (isType) {
        this.typeAt = value;
        this.typeSize = size;
      }
      at = afterBlanks(at + 1, end);
      if (at == end || load<u8>(at) != COMMA) return;
      this.rest = <i32>(++at - begin);
    }
  }

  /** Whether the type begins with `text`. ASCII. */
  startsWith(text: string): bool {
    return this.typeSize >= text.length && isText(this.typeAt, text);
  }

  /** Whether the type ends with `text`. ASCII. */
  endsWith(text: string): bool {
    return this.typeSize >= text.length && isText(this.typeAt + this.typeSize - text.length, text);
  }
}

function afterBlanks(at: usize, end: usize): usize {
  while (at < end) {
    const c = load<u8>(at);
    if (c != SPACE && c != LF && c != CR && c != TAB) break;
    ++at;
  }
  return at;
}

/** Whether the name of a member, with its quotes, begins at `at`. */
function isMember(at: usize, end: usize, name: string): bool {
  const size = <usize>name.length;
  if (end - at < size + 2) return false;
  return load<u8>(at) == QUOTE && isText(at + 1, name) && load<u8>(at + 1 + size) == QUOTE;
}

/** Whether the characters of `text`, which must be ASCII, are at `at`. */
function isText(at: usize, text: string): bool {
  const chars = changetype<usize>(text);
  for (let i: usize = 0; i < <usize>text.length; ++i) {
    if (<u16>load<u8>(at + i) != load<u16>(chars + (i << 1))) return false;
  }
  return true;
}
