import { Bytes, copyOf } from "../bytes/bytes";

/**
 * How bytes pass between host and guest. The host asks the guest for memory (`malloc`), fills it, and stores its address and
 * size in return slots. After that, the guest must free the memory.
 *
 * `malloc` uses the unmanaged allocator: hosts call it during a host call, when a garbage-collected allocation could start a
 * collection and free a buffer whose raw address was passed to that same call.
 */

/** Values up to this size, which most are, have a place of their own. */
const SHORT: usize = 1024;
/** The place for one of them at a time, because the allocator takes longer than most host calls, and whether it is in use. */
const PLACE = memory.data(1024, 8);
let isLent = false;

/** proxy-wasm export: `size` bytes for the host to write into. */
export function malloc(size: usize): usize {
  if (isLent || size > SHORT) return heap.alloc(size);
  isLent = true;
  return PLACE;
}

// The return slots: the address and the size of bytes from the host. A single number uses the slot of the size.
const SLOTS = memory.data(8);

/** Where a host call must write the address of the bytes that it returns. */
// @ts-ignore: decorator
@inline
export function addressSlot(): usize {
  return SLOTS;
}

/** Where a host call must write their size, or the only number that it returns. */
// @ts-ignore: decorator
@inline
export function sizeSlot(): usize {
  return SLOTS + 4;
}

/** Call this before every host call that returns bytes: some hosts write nothing if the value is empty. */
export function clearSlots(): void {
  store<u64>(SLOTS, 0);
}

/** The number that the host wrote into the size slot. */
export function slotNumber(): u32 {
  return load<u32>(SLOTS + 4);
}

/** Copies the bytes from the host into an owned byte string, and frees the original. */
export function take(): Bytes {
  const address = <usize>load<u32>(SLOTS);
  const bytes = copyOf(address, load<i32>(SLOTS + 4));
  release(address);
  return bytes;
}

/** The size of the bytes that were borrowed last. */
export function borrowedSize(): i32 {
  return load<i32>(SLOTS + 4);
}

/** The address of the bytes from the host, to be read in place and passed to `release` in the same callback. */
export function borrow(): usize {
  return <usize>load<u32>(SLOTS);
}

/** Frees borrowed bytes; 0 is allowed. */
export function release(address: usize): void {
  if (address == PLACE) isLent = false;
  else if (address != 0) heap.free(address);
}
