import { addressOf, Bytes, copy, copyOf } from "./bytes";
import { MAX_DECIMAL, writeDecimal } from "./decimal";

/**
 * A growable byte string for reuse: `clear()` keeps the memory, so that a warm builder allocates nothing. It never grows above
 * `limit` bytes. What does not fit is left out, and `overflowed` is set.
 */
@final
export class ByteBuilder {
  private buffer: Bytes;
  /** Bytes written since the last `clear()`. */
  length: i32 = 0;
  /** Whether something was left out since the last `clear()`. */
  overflowed: bool = false;

  constructor(
    capacity: i32 = 256,
    private limit: i32 = 1 << 20,
  ) {
    this.buffer = new ArrayBuffer(min(capacity, limit));
  }

  /** The address of the first byte, valid until the next write. */
  get ptr(): usize {
    return addressOf(this.buffer);
  }

  // @ts-ignore: decorator
  @inline
  clear(): void {
    this.length = 0;
    this.overflowed = false;
  }

  /** Clears the builder and releases its memory. */
  reset(capacity: i32): void {
    this.clear();
    this.buffer = new ArrayBuffer(min(capacity, this.limit));
  }

  /** Makes room for `size` bytes at the end, which the caller must write at once, or `endAt` before. @returns their address; 0 if there is no room */
  // @ts-ignore: decorator
  @inline
  append(size: i32): usize {
    if (!this.reserve(size)) return 0;
    const at = addressOf(this.buffer) + this.length;
    this.length += size;
    return at;
  }

  /** Gives back the room from `end` on, which `append` made and nobody needs. */
  endAt(end: usize): void {
    this.length = <i32>(end - addressOf(this.buffer));
  }

  byte(value: u8): ByteBuilder {
    if (this.reserve(1)) store<u8>(addressOf(this.buffer) + this.length++, value);
    return this;
  }

  bytes(value: Bytes): ByteBuilder {
    return this.at(addressOf(value), value.byteLength);
  }

  /** Appends `len` bytes from `ptr`. */
  at(ptr: usize, len: i32): ByteBuilder {
    if (len > 0 && this.reserve(len)) {
      copy(addressOf(this.buffer) + this.length, ptr, len);
      this.length += len;
    }
    return this;
  }

  /** Appends a text as UTF-8. */
  text(value: string): ByteBuilder {
    const size = String.UTF8.byteLength(value);
    if (size > 0 && this.reserve(size)) {
      String.UTF8.encodeUnsafe(changetype<usize>(value), value.length, addressOf(this.buffer) + this.length);
      this.length += size;
    }
    return this;
  }

  /** Appends a number in decimal. */
  decimal(value: i64): ByteBuilder {
    const at = this.append(MAX_DECIMAL);
    if (at != 0) this.endAt(at + writeDecimal(at, value));
    return this;
  }

  /** An owned copy of the content. */
  toBytes(): Bytes {
    return copyOf(addressOf(this.buffer), this.length);
  }

  /** Makes room for more bytes, if the limit allows it. @returns whether there is room */
  // @ts-ignore: decorator
  @inline
  private reserve(more: i32): bool {
    return <u32>more <= <u32>(this.buffer.byteLength - this.length) || this.grow(more);
  }

  private grow(more: i32): bool {
    const needed = <i64>this.length + more;
    if (needed > this.limit) {
      this.overflowed = true;
      return false;
    }
    const larger = new ArrayBuffer(min(max(<i32>needed, this.buffer.byteLength * 2), this.limit));
    memory.copy(addressOf(larger), addressOf(this.buffer), this.length);
    this.buffer = larger;
    return true;
  }
}
