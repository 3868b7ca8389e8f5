import {
  BACKSLASH,
  CR,
  hexValue,
  LF,
  LOWER_F,
  LOWER_N,
  LOWER_T,
  LOWER_U,
  QUOTE,
  SLASH,
  TAB,
} from "../bytes/ascii";
import { encodeRune, REPLACEMENT } from "../bytes/utf8";

/** The state of an escape sequence after a byte. */
export const enum Escape {
  /** There is no such escape. */
  Invalid,
  /** It is incomplete. */
  More,
  /** It has been decoded. */
  Done,
}

const LOWER_B: u8 = 0x62;
const LOWER_R: u8 = 0x72;
const BACKSPACE: u8 = 0x08;
const FORM_FEED: u8 = 0x0c;

/** Whether `c` after a backslash represents one character (RFC 8259, section 7). */
export function isSimpleEscape(c: u8): bool {
  return simpleEscape(c) != 0;
}

/** The character that the escape `c` represents; 0 if it is `u` or not an escape. */
// @ts-ignore: decorator
@inline
export function simpleEscape(c: u8): u8 {
  if (c == QUOTE || c == BACKSLASH || c == SLASH) return c;
  if (c == LOWER_N) return LF;
  if (c == LOWER_T) return TAB;
  if (c == LOWER_R) return CR;
  if (c == LOWER_B) return BACKSPACE;
  return c == LOWER_F ? FORM_FEED : 0;
}

/**
 * The text of one token while it is read. While it is a single piece without escapes, it stays in place, in the bytes that
 * were fed. From the first escape or cut on, it is collected in a buffer of `capacity` bytes.
 *
 * Unmanaged, like the reader it belongs to; `dispose` frees it.
 */
@final
@unmanaged
export class JsonText {
  /** The text, once it has ended; valid until the reader continues. */
  ptr: usize = 0;
  length: i32 = 0;
  /** Whether the text is longer than the buffer and therefore incomplete. */
  truncated: bool = false;
  /** The first byte of the current run without escapes. */
  private from: usize = 0;
  private buffered: bool = false;
  private buffer: usize;
  private filled: i32 = 0;
  private overflowed: bool = false;
  /** How many digits of a `\uXXXX` are still to come, and the value of those so far. */
  private hexLeft: i32 = 0;
  private hex: i32 = 0;
  /** A high surrogate that waits for the low one; 0 if there is none. */
  private surrogate: i32 = 0;

  constructor(private capacity: i32) {
    // A rune is written before its length is known, so there is room for one more.
    this.buffer = heap.alloc(capacity + 4);
  }

  dispose(): void {
    heap.free(this.buffer);
    heap.free(changetype<usize>(this));
  }

  /** Starts a new text at `at`. */
  // @ts-ignore: decorator
  @inline
  begin(at: usize): void {
    this.from = at;
    this.buffered = false;
    this.filled = 0;
    this.overflowed = false;
    this.hexLeft = 0;
    this.surrogate = 0;
  }

  /** The text continues at `at`: in new bytes, or after an escape. */
  // @ts-ignore: decorator
  @inline
  resume(at: usize): void {
    this.from = at;
  }

  /** Collects the run that ends at `to`, because the text continues elsewhere. */
  keep(to: usize): void {
    this.collect(this.from, <i32>(to - this.from));
    this.buffered = true;
  }

  /** The text ends at `to`. */
  end(to: usize): void {
    if (this.buffered) {
      this.keep(to);
      this.publish();
    } else {
      this.show(this.from, <i32>(to - this.from));
    }
  }

  /** Makes the `size` bytes at `at` the text, or its next part. */
  // @ts-ignore: decorator
  @inline
  show(at: usize, size: i32): void {
    this.ptr = at;
    this.length = size;
    this.truncated = false;
  }

  /** Collects the `size` bytes at `at`, or none of them if there is no room. */
  collect(at: usize, size: i32): void {
    if (size > this.room) {
      this.overflowed = true;
      return;
    }
    memory.copy(this.buffer + this.filled, at, size);
    this.filled += size;
  }

  /** How many more bytes can be collected. */
  get room(): i32 {
    return this.capacity - this.filled;
  }

  /** Whether nothing is collected. */
  get empty(): bool {
    return this.filled == 0;
  }

  /** Makes the collected bytes the next part. Collecting starts again once that has been read. */
  passOn(): void {
    this.publish();
    this.filled = 0;
    this.overflowed = false;
  }

  // @ts-ignore: decorator
  @inline
  private publish(): void {
    this.ptr = this.buffer;
    this.length = this.filled;
    this.truncated = this.overflowed;
  }

  /** Reads a byte of an escape (RFC 8259, section 7) in a text that is collected. */
  escape(c: u8): Escape {
    if (this.hexLeft > 0) return this.hexDigit(c);
    if (c == LOWER_U) {
      this.hexLeft = 4;
      this.hex = 0;
      return Escape.More;
    }
    const decoded = simpleEscape(c);
    if (decoded == 0) return Escape.Invalid;
    this.endSurrogate();
    this.append(decoded);
    return Escape.Done;
  }

  /** Replaces a surrogate without its other half with U+FFFD. */
  // @ts-ignore: decorator
  @inline
  endSurrogate(): void {
    if (this.surrogate == 0) return;
    this.surrogate = 0;
    this.append(REPLACEMENT);
  }

  private hexDigit(c: u8): Escape {
    const value = hexValue(c);
    if (value < 0) return Escape.Invalid;
    this.hex = (this.hex << 4) | value;
    if (--this.hexLeft > 0) return Escape.More;
    const unit = this.hex;
    if (this.surrogate != 0 && (unit & 0xfc00) == 0xdc00) {
      this.append(0x10000 + ((this.surrogate & 0x3ff) << 10) + (unit & 0x3ff));
      this.surrogate = 0;
      return Escape.Done;
    }
    this.endSurrogate();
    if ((unit & 0xfc00) == 0xd800) this.surrogate = unit;
    else this.append(unit);
    return Escape.Done;
  }

  private append(rune: i32): void {
    const size = encodeRune(this.buffer + this.filled, rune);
    if (this.filled + size > this.capacity) this.overflowed = true;
    else this.filled += size;
  }
}
