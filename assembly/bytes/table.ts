import { addressOf, Bytes, equalsAt } from "./bytes";

/**
 * A hash table from byte strings to their insertion index, built once and then only read: open addressing with
 * linear probing over FNV-1a, at most half full. The first insertion of a key wins.
 */
@final
export class ByteTable {
  private keys: Bytes[] = [];
  /** Slot -> index into `keys` plus one; 0 is an empty slot. The length is a power of two. */
  private slots: StaticArray<i32> = new StaticArray<i32>(8);
  private values: i32[] = [];

  /** Adds `key` with `value`, a number of at least 0, unless the key is already there; tells whether it was added. */
  add(key: Bytes, value: i32): bool {
    if (this.find(addressOf(key), key.byteLength) >= 0) return false;
    this.keys.push(key);
    this.values.push(value);
    if (this.keys.length * 2 > this.slots.length) this.grow();
    else this.place(this.keys.length - 1);
    return true;
  }

  /** The value of the key made of the `len` bytes at `ptr`, or -1. */
  find(ptr: usize, len: i32): i32 {
    const mask = this.slots.length - 1;
    // At least half of the slots are empty, so the probe ends.
    let at = (<i32>fnv1a(ptr, len)) & mask;
    let entry = this.slots[at];
    while (entry != 0) {
      if (equalsAt(ptr, len, this.keys[entry - 1])) return this.values[entry - 1];
      at = (at + 1) & mask;
      entry = this.slots[at];
    }
    return -1;
  }

  private place(index: i32): void {
    const key = this.keys[index];
    const mask = this.slots.length - 1;
    let at = (<i32>fnv1a(addressOf(key), key.byteLength)) & mask;
    while (this.slots[at] != 0) at = (at + 1) & mask;
    this.slots[at] = index + 1;
  }

  private grow(): void {
    this.slots = new StaticArray<i32>(this.slots.length * 2);
    for (let i = 0; i < this.keys.length; ++i) this.place(i);
  }
}

function fnv1a(ptr: usize, len: i32): u32 {
  let hash: u32 = 0x811c9dc5;
  for (let i = 0; i < len; ++i) hash = (hash ^ load<u8>(ptr + i)) * 0x01000193;
  return hash ^ (hash >> 15);
}
