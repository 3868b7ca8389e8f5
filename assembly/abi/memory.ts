import { Bytes, copyOf } from "../bytes/bytes";

/**
 * How bytes cross the border. The host asks the guest for memory (`malloc`), writes, and puts address and size into
 * return slots; from then on the memory is the guest's to free.
 *
 * `malloc` is the unmanaged allocator: hosts call it in the middle of a host call, where a garbage-collected
 * allocation could start a collection and free a buffer whose raw address was passed to that very call.
 */

/** proxy-wasm export: `size` bytes for the host to write into. */
export function malloc(size: usize): usize {
  return heap.alloc(size);
}

// The return slots: address and size of what the host hands over, and a single number.
const SLOTS = memory.data(8);

/** Where a host call is to write the address of what it returns. */
// @ts-ignore: decorator
@inline
export function addressSlot(): usize {
  return SLOTS;
}

/** Where a host call is to write the size of what it returns, or its only number. */
// @ts-ignore: decorator
@inline
export function sizeSlot(): usize {
  return SLOTS + 4;
}

/** To be called before every host call that returns bytes: some hosts write nothing when the value is empty. */
export function clearSlots(): void {
  store<u64>(SLOTS, 0);
}

/** The number that the host wrote into the size slot. */
export function slotNumber(): u32 {
  return load<u32>(SLOTS + 4);
}

/** Takes over what the host handed out as an owned byte string, and frees the host's copy. */
export function take(): Bytes {
  const address = <usize>load<u32>(SLOTS);
  const bytes = copyOf(address, load<i32>(SLOTS + 4));
  release(address);
  return bytes;
}

/** The size of what was borrowed last. */
export function borrowedSize(): i32 {
  return load<i32>(SLOTS + 4);
}

/** The address of what the host handed out, to be read in place and given to `release` in the same callback. */
export function borrow(): usize {
  return <usize>load<u32>(SLOTS);
}

/** Frees what was borrowed; 0 is allowed. */
export function release(address: usize): void {
  if (address != 0) heap.free(address);
}
