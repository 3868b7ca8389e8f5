/**
 * Byte strings. Header values, Redis keys and bodies are bytes, not text: a value may hold any octet and must be passed on
 * unchanged. `Bytes` is an owned, garbage-collected byte string, immutable by convention, at the address
 * `changetype<usize>(b)`. `(ptr, len)` pairs are borrowed and valid only during the call.
 */
export type Bytes = ArrayBuffer;

/** The empty byte string. */
export const EMPTY: Bytes = new ArrayBuffer(0);

/** The address of the first byte of `b`; keep `b` in a named local for as long as the address is used. */
// @ts-ignore: decorator
@inline
export function addressOf(b: Bytes): usize {
  return changetype<usize>(b);
}

/** The UTF-8 bytes of a text. */
export function bytesOf(text: string): Bytes {
  return String.UTF8.encode(text);
}

/** The number of bytes that `copyOf` has copied, modulo 2^32. It tells the garbage collector how much memory values take. */
export let copiedBytes: u32 = 0;

/** Adds other allocated memory to that count, in bytes. */
export function made(bytes: i32): void {
  copiedBytes += bytes;
}

/** An owned copy of `len` bytes at `ptr`. */
export function copyOf(ptr: usize, len: i32): Bytes {
  if (len <= 0) return EMPTY;
  copiedBytes += len;
  const b = new ArrayBuffer(len);
  copy(changetype<usize>(b), ptr, len);
  return b;
}

/** Longer copies are left to the engine. */
const MAX_SHORT: i32 = 128;

/**
 * Copies `len` bytes from `from` to `to`; both places may not overlap. Most texts are short, and engines make a slow call of
 * `memory.copy`.
 */
export function copy(to: usize, from: usize, len: i32): void {
  if (len > MAX_SHORT) {
    memory.copy(to, from, len);
  } else if (len >= 8) {
    // The last eight bytes may overlap those before them.
    const last = len - 8;
    for (let i = 0; i < last; i += 8) store<u64>(to + i, load<u64>(from + i));
    store<u64>(to + last, load<u64>(from + last));
  } else if (len >= 4) {
    store<u32>(to, load<u32>(from));
    store<u32>(to + len - 4, load<u32>(from + len - 4));
  } else if (len > 0) {
    store<u8>(to, load<u8>(from));
    store<u8>(to + (len >> 1), load<u8>(from + (len >> 1)));
    store<u8>(to + len - 1, load<u8>(from + len - 1));
  }
}

/** The bytes `from` (inclusive) to `to` (exclusive), both clamped to the length of `b`. */
export function slice(b: Bytes, from: i32, to: i32): Bytes {
  const end = min(to, b.byteLength);
  const start = max(from, 0);
  return start >= end ? EMPTY : copyOf(changetype<usize>(b) + start, end - start);
}

/** Whether `a` and `b` hold the same bytes. */
export function equals(a: Bytes, b: Bytes): bool {
  return equalsAt(changetype<usize>(a), a.byteLength, b);
}

/** Whether the `len` bytes at `ptr` are those of `b`. */
export function equalsAt(ptr: usize, len: i32, b: Bytes): bool {
  return len == b.byteLength && areSame(ptr, changetype<usize>(b), len);
}

/** Whether the `len` bytes at `a` are those at `b`. Eight are compared at a time, wherever they are. */
export function areSame(a: usize, b: usize, len: i32): bool {
  if (len < 8) return shortWord(a, len) == shortWord(b, len);
  // The last eight bytes may overlap those before them.
  const last = len - 8;
  for (let i = 0; i < last; i += 8) {
    if (load<u64>(a + i) != load<u64>(b + i)) return false;
  }
  return load<u64>(a + last) == load<u64>(b + last);
}

/** Fewer than eight bytes as a number, another one for other bytes of the same length. */
// @ts-ignore: decorator
@inline
export function shortWord(ptr: usize, len: i32): u64 {
  if (len >= 4) return (<u64>load<u32>(ptr)) | ((<u64>load<u32>(ptr + len - 4)) << 32);
  if (len <= 0) return 0;
  return load<u8>(ptr) | ((<u64>load<u8>(ptr + (len >> 1))) << 8) | ((<u64>load<u8>(ptr + len - 1)) << 16);
}

/** Whether `b` begins with `prefix`. */
export function startsWith(b: Bytes, prefix: Bytes): bool {
  return b.byteLength >= prefix.byteLength && equalsAt(changetype<usize>(b), prefix.byteLength, prefix);
}

/** Whether `b` ends with `suffix`. */
export function endsWith(b: Bytes, suffix: Bytes): bool {
  const at = b.byteLength - suffix.byteLength;
  return at >= 0 && equalsAt(changetype<usize>(b) + at, suffix.byteLength, suffix);
}

const ONES: u64 = 0x0101010101010101;
const HIGHS: u64 = 0x8080808080808080;

/** The index of the first `byte` at or after `from`, or -1. */
export function indexOf(b: Bytes, byte: u8, from: i32 = 0): i32 {
  return indexOfByte(changetype<usize>(b), b.byteLength, byte, max(from, 0));
}

/** The index of the first `byte` at or after `from` among the `len` bytes at `ptr`, or -1. */
export function indexOfByte(ptr: usize, len: i32, byte: u8, from: i32): i32 {
  let i = from;
  // Eight bytes at a time; the lowest mark is exact (see `json/scan.ts`).
  for (; i + 8 <= len; i += 8) {
    const word = load<u64>(ptr + i) ^ (byte * ONES);
    const found = (word - ONES) & ~word & HIGHS;
    if (found != 0) return i + <i32>(ctz(found) >> 3);
  }
  for (; i < len; ++i) {
    if (load<u8>(ptr + i) == byte) return i;
  }
  return -1;
}

/** The index of the last `byte`, or -1. */
export function lastIndexOf(b: Bytes, byte: u8): i32 {
  const start = changetype<usize>(b);
  for (let i = b.byteLength - 1; i >= 0; --i) {
    if (load<u8>(start + i) == byte) return i;
  }
  return -1;
}

/** Negative, zero or positive if `a` is before, equal to or after `b` in byte order. */
export function compare(a: Bytes, b: Bytes): i32 {
  const order = memory.compare(changetype<usize>(a), changetype<usize>(b), min(a.byteLength, b.byteLength));
  return order != 0 ? order : a.byteLength - b.byteLength;
}
