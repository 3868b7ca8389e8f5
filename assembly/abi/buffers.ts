import { Bytes } from "../bytes/bytes";
import { addressSlot, borrow, clearSlots, sizeSlot, take } from "./memory";
import { BufferType, Status } from "./types";

// @ts-ignore: decorator
@external("env", "proxy_get_buffer_bytes")
declare function proxy_get_buffer_bytes(type: u32, start: u32, max: u32, data: usize, size: usize): u32;

/** An owned copy of the first `max` bytes of a host buffer; null if it cannot be read now. */
export function takeBuffer(type: BufferType, max: u32): Bytes | null {
  clearSlots();
  return proxy_get_buffer_bytes(type, 0, max, addressSlot(), sizeSlot()) == Status.Ok ? take() : null;
}

/** The largest piece, in bytes, in which a chunk of a body is read. It bounds what the host copies at once. */
export const MAX_PIECE: u32 = 64 << 10;

/**
 * The address of up to `max` bytes of a host buffer from `start` on, to be read in place. `borrowedSize()` returns their
 * number. Pass the address to `release` before the callback ends.
 * @returns 0 if there are none, or if they cannot be read now
 */
export function borrowBuffer(type: BufferType, max: u32, start: u32 = 0): usize {
  clearSlots();
  return proxy_get_buffer_bytes(type, start, max, addressSlot(), sizeSlot()) == Status.Ok ? borrow() : 0;
}

// @ts-ignore: decorator
@external("env", "proxy_set_buffer_bytes")
declare function proxy_set_buffer_bytes(type: u32, start: u32, size: u32, data: usize, length: u32): u32;

/** Replaces all `size` bytes of a host buffer with the `length` bytes at `data`. */
export function replaceBuffer(type: BufferType, size: u32, data: usize, length: u32): Status {
  return proxy_set_buffer_bytes(type, 0, size, data, length);
}
