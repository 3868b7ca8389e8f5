import { addressOf, Bytes } from "../bytes/bytes";
import { ByteBuilder } from "../bytes/builder";
import { MAX_DECIMAL, writeDecimal } from "../bytes/decimal";
import { addressSlot, borrow, borrowedSize, clearSlots, release, sizeSlot, take } from "./memory";
import { HeaderMapType, Status } from "./types";

// @ts-ignore: decorator
@external("env", "proxy_get_header_map_value")
declare function proxy_get_header_map_value(
  map: u32,
  key: usize,
  keySize: usize,
  value: usize,
  valueSize: usize,
): u32;

/**
 * The first value of a header, whose name is matched in any letter case.
 * @returns null if the header is absent or cannot be read in this phase; empty if it is present and empty
 */
export function getHeader(map: HeaderMapType, name: Bytes): Bytes | null {
  clearSlots();
  const status = proxy_get_header_map_value(map, addressOf(name), name.byteLength, addressSlot(), sizeSlot());
  return status == Status.Ok ? take() : null;
}

/**
 * The address of the first value of a header, to be read in place. `borrowedSize()` returns its size. Pass the address to
 * `release` before the callback ends.
 * @returns 0 if the header is absent or empty, or cannot be read in this phase
 */
export function borrowHeader(map: HeaderMapType, name: Bytes): usize {
  clearSlots();
  const status = proxy_get_header_map_value(map, addressOf(name), name.byteLength, addressSlot(), sizeSlot());
  return status == Status.Ok ? borrow() : 0;
}

// @ts-ignore: decorator
@external("env", "proxy_get_header_map_pairs")
declare function proxy_get_header_map_pairs(map: u32, pairs: usize, size: usize): u32;

/** Larger lists are not read. Hosts have the same bounds for lists from filters. */
const MAX_LINES: u32 = 1024;
const MAX_BYTES: u32 = 1 << 20;

/**
 * All lines of a header map, in order, read in place. In one callback, call `open`, then `next` until it returns false, then
 * `close`. The object can be reused.
 */
@final
export class HeaderLines {
  /** The current line, in memory that may be written to. */
  name: usize = 0;
  nameSize: i32 = 0;
  value: usize = 0;
  valueSize: i32 = 0;
  /** The number of lines. */
  count: u32 = 0;
  private list: usize = 0;
  private index: u32 = 0;

  /**
   * Asks the host for the lines.
   * @returns `SerializationFailure` if its list is too large or malformed; otherwise the status from the host
   */
  open(map: HeaderMapType): Status {
    clearSlots();
    this.count = 0;
    this.index = 0;
    const status: Status = proxy_get_header_map_pairs(map, addressSlot(), sizeSlot());
    if (status != Status.Ok) return status;
    const list = borrow();
    const size = <u32>borrowedSize();
    this.list = list;
    if (list == 0) return Status.Ok;
    if (size < 4 || size > MAX_BYTES || load<u32>(list) > MAX_LINES) return Status.SerializationFailure;
    const count = load<u32>(list);
    let expected: u64 = 4 + 8 * <u64>count;
    if (expected > size) return Status.SerializationFailure;
    for (let i: u32 = 0; i < 2 * count; ++i) expected += <u64>load<u32>(list + 4 + 4 * i) + 1;
    if (expected != size) return Status.SerializationFailure;
    this.count = count;
    this.value = list + 4 + 8 * count;
    this.valueSize = -1;
    return Status.Ok;
  }

  /** Goes to the next line. @returns false if there is none */
  next(): bool {
    if (this.index == this.count) return false;
    const sizes = this.list + 4 + 8 * this.index++;
    this.name = this.value + this.valueSize + 1;
    this.nameSize = load<i32>(sizes);
    this.value = this.name + this.nameSize + 1;
    this.valueSize = load<i32>(sizes, 4);
    return true;
  }

  /** Frees the list. Call this even if `open` has failed. */
  close(): void {
    release(this.list);
    this.list = 0;
    this.count = 0;
  }
}

// @ts-ignore: decorator
@external("env", "proxy_remove_header_map_value")
declare function proxy_remove_header_map_value(map: u32, key: usize, keySize: usize): u32;

/** Removes all values of a header. It is not an error if there are none. */
export function removeHeader(map: HeaderMapType, name: Bytes): Status {
  return proxy_remove_header_map_value(map, addressOf(name), name.byteLength);
}

// @ts-ignore: decorator
@external("env", "proxy_replace_header_map_value")
declare function proxy_replace_header_map_value(
  map: u32,
  key: usize,
  keySize: usize,
  value: usize,
  valueSize: usize,
): u32;

/** Sets a header to one value, whether it is there or not. */
export function replaceHeader(map: HeaderMapType, name: Bytes, value: Bytes): Status {
  return proxy_replace_header_map_value(
    map,
    addressOf(name),
    name.byteLength,
    addressOf(value),
    value.byteLength,
  );
}

const SCRATCH = memory.data(MAX_DECIMAL);

/** Sets a header to one number, in decimal. */
export function replaceHeaderByNumber(map: HeaderMapType, name: Bytes, value: i64): Status {
  const size = writeDecimal(SCRATCH, value);
  return proxy_replace_header_map_value(map, addressOf(name), name.byteLength, SCRATCH, size);
}

/** Where headers are written. */
export interface HeaderSink {
  /** Sets a header that is not there to one value; of the headers of a message, also one that is there. */
  put(name: Bytes, value: Bytes): void;
}

/** The headers of the response of the current stream. */
@final
export class ResponseHeaders implements HeaderSink {
  put(name: Bytes, value: Bytes): void {
    replaceHeader(HeaderMapType.HttpResponseHeaders, name, value);
  }
}

/**
 * Header pairs in the format that hosts read and write; the object can be reused:
 *
 *   u32le count │ count × (u32le name size, u32le value size) │ count × (name, NUL, value, NUL)
 */
@final
export class HeaderPairs implements HeaderSink {
  private count: i32 = 0;
  private sizes: ByteBuilder = new ByteBuilder(64);
  private content: ByteBuilder = new ByteBuilder(128);
  private encoded: ByteBuilder = new ByteBuilder(192);

  clear(): void {
    this.count = 0;
    this.sizes.clear();
    this.content.clear();
  }

  add(name: Bytes, value: Bytes): HeaderPairs {
    this.begin(name);
    this.content.bytes(value);
    this.end(value.byteLength);
    return this;
  }

  put(name: Bytes, value: Bytes): void {
    this.add(name, value);
  }

  /** Adds a header whose value is a decimal number. */
  addNumber(name: Bytes, value: i64): HeaderPairs {
    this.begin(name);
    const before = this.content.length;
    this.content.decimal(value);
    this.end(this.content.length - before);
    return this;
  }

  /** The encoded pairs, valid until the next call. */
  encode(): ByteBuilder {
    const out = this.encoded;
    out.clear();
    littleEndian(out, this.count);
    return out.at(this.sizes.ptr, this.sizes.length).at(this.content.ptr, this.content.length);
  }

  private begin(name: Bytes): void {
    ++this.count;
    littleEndian(this.sizes, name.byteLength);
    this.content.bytes(name).byte(0);
  }

  private end(valueSize: i32): void {
    littleEndian(this.sizes, valueSize);
    this.content.byte(0);
  }
}

function littleEndian(out: ByteBuilder, value: i32): void {
  const at = out.append(4);
  if (at != 0) store<i32>(at, value);
}
