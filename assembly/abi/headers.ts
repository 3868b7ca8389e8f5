import { addressOf, Bytes } from "../bytes/bytes";
import { ByteBuilder } from "../bytes/builder";
import { addressSlot, clearSlots, sizeSlot, take } from "./memory";
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

// @ts-ignore: decorator
@external("env", "proxy_remove_header_map_value")
declare function proxy_remove_header_map_value(map: u32, key: usize, keySize: usize): u32;

/** Removes all values of a header; removing one that is not there is no error. */
export function removeHeader(map: HeaderMapType, name: Bytes): Status {
  return proxy_remove_header_map_value(map, addressOf(name), name.byteLength);
}

/**
 * Header pairs in the form hosts read and write:
 *
 *   u32le count │ count × (u32le name size, u32le value size) │ count × (name, NUL, value, NUL)
 */
@final
export class HeaderPairs {
  private names: Bytes[] = [];
  private values: Bytes[] = [];

  add(name: Bytes, value: Bytes): HeaderPairs {
    this.names.push(name);
    this.values.push(value);
    return this;
  }

  encode(): Bytes {
    const count = this.names.length;
    const out = new ByteBuilder();
    littleEndian(out, count);
    for (let i = 0; i < count; ++i) {
      littleEndian(out, this.names[i].byteLength);
      littleEndian(out, this.values[i].byteLength);
    }
    for (let i = 0; i < count; ++i) {
      out.bytes(this.names[i]).byte(0).bytes(this.values[i]).byte(0);
    }
    return out.toBytes();
  }
}

function littleEndian(out: ByteBuilder, value: i32): void {
  out
    .byte(<u8>value)
    .byte(<u8>(value >> 8))
    .byte(<u8>(value >> 16))
    .byte(<u8>(value >> 24));
}
