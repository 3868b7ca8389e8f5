import { IntVector } from "./int-vector";

/**
 * Numbers distinct byte strings in the order of their first occurrence and keeps them, one after the other, in one
 * buffer that grows up to about twice `limit` bytes and is used again after `clear()`. It is scratch memory outside of
 * the garbage collector, made once and never freed.
 */
@unmanaged
@final
export class Interner {
  /** The number of distinct byte strings. */
  length: i32 = 0;
  /** Whether a byte string did not fit any more since the last `clear()`. */
  overflowed: bool = false;
  private buffer: usize = heap.alloc(256);
  private capacity: i32 = 256;
  /** Where each byte string ends, after where the first begins. */
  private ends: IntVector = new IntVector();
  /** Hash slot -> number plus one, 0 for an empty slot; a power of two of slots, at most half of them in use. */
  private slots: IntVector = new IntVector();

  constructor(private limit: i32) {
    this.clear();
  }

  clear(): void {
    this.length = 0;
    this.overflowed = false;
    this.ends.zero(1);
    this.slots.zero(32);
  }

  /** The address of byte string `i`, valid until the next one is added. */
  at(i: i32): usize {
    return this.buffer + this.ends.get(i);
  }

  /** The length of byte string `i`. */
  size(i: i32): i32 {
    return this.ends.get(i + 1) - this.ends.get(i);
  }

  /** The number of the `size` bytes at `ptr`, which may be new; 0 when there is no room for them. */
  add(ptr: usize, size: i32): i32 {
    const slot = this.find(ptr, size);
    const known = this.slots.get(slot);
    if (known != 0) return known - 1;
    const end = this.ends.get(this.length);
    if (end + size > this.limit) {
      this.overflowed = true;
      return 0;
    }
    if (end + size > this.capacity) {
      this.capacity = max(end + size, this.capacity * 2);
      this.buffer = heap.realloc(this.buffer, this.capacity);
    }
    memory.copy(this.buffer + end, ptr, size);
    this.ends.push(end + size);
    if (++this.length * 2 > this.slots.length) this.rehash();
    else this.slots.set(slot, this.length);
    return this.length - 1;
  }

  /** The slot of a byte string, or the empty one where it belongs. */
  private find(ptr: usize, size: i32): i32 {
    const mask = this.slots.length - 1;
    let hash: u32 = 0x811c9dc5; // FNV-1a
    for (let i = 0; i < size; ++i) hash = (hash ^ load<u8>(ptr + i)) * 0x01000193;
    let slot = (<i32>(hash ^ (hash >> 15))) & mask;
    // Half of the slots are empty, so the probe ends.
    for (let known = this.slots.get(slot); known != 0; known = this.slots.get(slot)) {
      if (this.size(known - 1) == size && memory.compare(this.at(known - 1), ptr, size) == 0) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private rehash(): void {
    this.slots.zero(this.slots.length * 2);
    for (let i = 0; i < this.length; ++i) this.slots.set(this.find(this.at(i), this.size(i)), i + 1);
  }
}
