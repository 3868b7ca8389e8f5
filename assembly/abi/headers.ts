import { addressOf, Bytes } from "../bytes/bytes";
import { ByteBuilder } from "../bytes/builder";
import { addressSlot, borrow, clearSlots, sizeSlot, take } from "./memory";
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
 * The first value of a header, whose name is matched without case.
 * @returns null when the header is absent or cannot be read in this phase; empty when it is present and empty
 */
export function getHeader(map: HeaderMapType, name: Bytes): Bytes | null {
  clearSlots();
  const status = proxy_get_header_map_value(map, addressOf(name), name.byteLength, addressSlot(), sizeSlot());
  return status == Status.Ok ? take() : null;
}

/**
 * The address of the first value of a header, to be read in place; `borrowedSize()` tells its size. Give it to `release`
 * before the callback ends.
 * @returns 0 when the header is absent or empty, or cannot be read in this phase
 */
export function borrowHeader(map: HeaderMapType, name: Bytes): usize {
  clearSlots();
  const status = proxy_get_header_map_value(map, addressOf(name), name.byteLength, addressSlot(), sizeSlot());
  return status == Status.Ok ? borrow() : 0;
}

// @ts-ignore: decorator
@external("env", "proxy_remove_header_map_value")
declare function proxy_remove_header_map_value(map: u32, key: usize, keySize: usize): u32;

/** Removes all values of a header; removing one that is not there is no error. */
export function removeHeader(map: HeaderMapType, name: Bytes): Status {
  return proxy_remove_header_map_value(map, addressOf(name), name.byteLength);
}

/**
 * Header pairs in the form hosts read and write; to be kept and used again:
 *
 *   u32le count │ count × (u32le name size, u32le value size) │ count × (name, NUL, value, NUL)
 */
@final
export class HeaderPairs {
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

  /** Adds a header whose value is a number in decimal. */
  addNumber(name: Bytes, value: i64): HeaderPairs {
    this.begin(name);
    const before = this.content.length;
    this.content.decimal(value);
    this.end(this.content.length - before);
    return this;
  }

  /** The encoded pairs, valid until it is called again. */
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
