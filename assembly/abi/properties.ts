import { addressOf, Bytes } from "../bytes/bytes";
import { addressSlot, clearSlots, sizeSlot, take } from "./memory";
import { Status } from "./types";

// @ts-ignore: decorator
@external("env", "proxy_get_property")
declare function proxy_get_property(path: usize, pathSize: usize, value: usize, valueSize: usize): u32;

/**
 * A property of the stream or the proxy.
 * @param path the segments of its path, separated by NUL
 * @returns null if the host does not have the property now
 */
export function getProperty(path: Bytes): Bytes | null {
  clearSlots();
  const status = proxy_get_property(addressOf(path), path.byteLength, addressSlot(), sizeSlot());
  return status == Status.Ok ? take() : null;
}

// @ts-ignore: decorator
@external("env", "proxy_set_property")
declare function proxy_set_property(path: usize, pathSize: usize, value: usize, valueSize: usize): u32;

/** Sets a property of the stream. */
export function setProperty(path: Bytes, value: Bytes): Status {
  return setPropertyAt(path, addressOf(value), value.byteLength);
}

/** Sets a property of the stream to the `len` bytes at `ptr`. */
export function setPropertyAt(path: Bytes, ptr: usize, len: i32): Status {
  return proxy_set_property(addressOf(path), path.byteLength, ptr, len);
}
