import { Bytes } from "../bytes/bytes";
import { addressSlot, borrow, clearSlots, sizeSlot, take } from "./memory";
import { BufferType, Status } from "./types";

// @ts-ignore: decorator
@external("env", "proxy_get_buffer_bytes")
declare function proxy_get_buffer_bytes(type: u32, start: u32, max: u32, data: usize, size: usize): u32;

/** An owned copy of the first `max` bytes of a host buffer, or null when it cannot be read now. */
export function takeBuffer(type: BufferType, max: u32): Bytes | null {
  clearSlots();
  return proxy_get_buffer_bytes(type, 0, max, addressSlot(), sizeSlot()) == Status.Ok ? take() : null;
}

/** Chunks of a body are read in pieces of at most so many bytes: a host copies no more than is asked for. */
export const MAX_PIECE: u32 = 64 << 10;

/**
 * The address of the `max` bytes of a host buffer from `start` on, to be read in place; `borrowedSize()` tells how many there
 * are. Give it to `release` before the callback ends.
 * @returns 0 when there are none or they cannot be read now
 */
export function borrowBuffer(type: BufferType, max: u32, start: u32 = 0): usize {
  clearSlots();
  return proxy_get_buffer_bytes(type, start, max, addressSlot(), sizeSlot()) == Status.Ok ? borrow() : 0;
}

// @ts-ignore: decorator
@external("env", "proxy_set_buffer_bytes")
declare function proxy_set_buffer_bytes(type: u32, start: u32, size: u32, data: usize, length: u32): u32;

/** Puts the `length` bytes at `data` in the place of all that a host buffer holds, which are `size`. */
export function replaceBuffer(type: BufferType, size: u32, data: usize, length: u32): Status {
  return proxy_set_buffer_bytes(type, 0, size, data, length);
}
