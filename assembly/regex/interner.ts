import { IntVector } from "./int-vector";

/**
 * Numbers distinct byte strings in the order of their first occurrence, and keeps them one after another in a buffer. The buffer
 * grows up to about twice `limit` bytes and is reused after `clear()`. It is scratch memory outside the garbage collector, created
 * once and never freed.
 */
@unmanaged
@final
export class Interner {
  /** The number of distinct byte strings. */
  length: i32 = 0;
  /** Whether a byte string has not fitted since the last `clear()`. */
  overflowed: bool = false;
  private buffer: usize = heap.alloc(256);
  private capacity: i32 = 256;
  /** The beginning of the first byte string, then the end of each. */
  private ends: IntVector = new IntVector();
  /** The number of a byte string plus one for each hash slot; 0 if it is empty. A power of two of slots, at most half full. */
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

  /** The number of the `size` bytes at `ptr`, which are added if they are new; 0 if there is no room for them. */
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

  /** The slot of a byte string, or the empty slot for it. */
  private find(ptr: usize, size: i32): i32 {
    const mask = this.slots.length - 1;
    let hash: u32 = 0x811c9dc5; // FNV-1a
    for (let i = 0; i < size; ++i) hash = (hash ^ load<u8>(ptr + i)) * 0x01000193;
    let slot = (<i32>(hash ^ (hash >> 15))) & mask;
    // At least half of the slots are empty, so the search ends.
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
