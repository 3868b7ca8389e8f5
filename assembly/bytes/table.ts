import { addressOf, areSame, Bytes, shortWord } from "./bytes";
import { grown } from "./grown";

const FEWEST_ROWS: i32 = 8;
/** The size of the head of an entry: its value and the length of its key, 4 bytes each. */
const HEADER: u32 = 8;

/**
 * A hash table from byte strings to numbers, built once and then only read. Open addressing with linear probing. The first
 * insertion of a key wins.
 *
 *     row     0 if empty, else  hash of the key : 32 | offset of its entry : 32
 *     entry   value : 32 | length of the key : 32 | key, padded to a multiple of 8 bytes
 *
 * Rows are compared by hash, so a search usually reads one row and one entry, each in one line of the processor's cache. Keys
 * are copied; for the garbage collector, the whole table is two objects. The hash uses no secret, so chosen keys can make a
 * search as long as the table. Therefore clients must not be able to make the table grow without bound.
 */
@final
export class ByteTable {
  private rows: StaticArray<u64>;
  /** The entries, one after another. The first is not at 0, so that no row in use is 0. */
  private entries: StaticArray<u64> = new StaticArray<u64>(16);
  /** The place of the next key; see `addressAt`. */
  end: u32 = HEADER;
  private count: i32 = 0;

  /** @param expected the number of keys to make room for */
  constructor(expected: i32 = 0) {
    let rows = FEWEST_ROWS;
    while (isFull(expected, rows)) rows <<= 1;
    this.rows = new StaticArray<u64>(rows);
  }

  /** Adds `key` with `value`, which must not be negative. @returns false if the key is already there */
  add(key: Bytes, value: i32): bool {
    return this.addAt(addressOf(key), key.byteLength, value);
  }

  /** The same for the `len` bytes at `ptr` as the key. */
  addAt(ptr: usize, len: i32, value: i32): bool {
    const hash = hashOf(ptr, len);
    if (this.search(ptr, len, hash) >= 0) return false;
    if (isFull(++this.count, this.rows.length)) this.grow();
    this.place(((<u64>hash) << 32) | this.write(ptr, len, value));
    return true;
  }

  /** The value of the key that is the `len` bytes at `ptr`, or -1. */
  find(ptr: usize, len: i32): i32 {
    return this.search(ptr, len, hashOf(ptr, len));
  }

  /** The address of the key at `place`, the value of `end` before it was added. Valid until the next key is added. */
  addressAt(place: u32): usize {
    return changetype<usize>(this.entries) + place + HEADER;
  }

  /** The length of that key. */
  lengthAt(place: u32): i32 {
    return load<i32>(changetype<usize>(this.entries) + place, 4);
  }

  private search(ptr: usize, len: i32, hash: u32): i32 {
    const rows = changetype<usize>(this.rows);
    const entries = changetype<usize>(this.entries);
    const mask: u32 = this.rows.length - 1;
    // Unchecked accesses are safe: the mask keeps rows in the table, and offsets belong to entries. The search ends, because
    // there is always an empty row.
    let at = hash & mask;
    let row = load<u64>(rows + (at << 3));
    while (row != 0) {
      if (<u32>(row >> 32) == hash) {
        const entry = entries + <usize>(<u32>row);
        if (load<i32>(entry, 4) == len && areSame(entry + HEADER, ptr, len)) return load<i32>(entry);
      }
      at = (at + 1) & mask;
      row = load<u64>(rows + (at << 3));
    }
    return -1;
  }

  private place(row: u64): void {
    const mask: u32 = this.rows.length - 1;
    let at = (<u32>(row >> 32)) & mask;
    while (this.rows[at] != 0) at = (at + 1) & mask;
    this.rows[at] = row;
  }

  private grow(): void {
    const rows = this.rows;
    this.rows = new StaticArray<u64>(rows.length * 2);
    for (let i = 0; i < rows.length; ++i) {
      if (rows[i] != 0) this.place(rows[i]);
    }
  }

  /** Appends an entry. @returns its offset */
  private write(ptr: usize, len: i32, value: i32): u32 {
    const offset = this.end;
    const end = offset + HEADER + ((<u32>len + 7) & ~7);
    const words = <i32>(end >> 3);
    if (words > this.entries.length) {
      this.entries = grown(this.entries, max(words, this.entries.length * 2));
    }
    const entry = changetype<usize>(this.entries) + offset;
    store<i32>(entry, value);
    store<i32>(entry, len, 4);
    memory.copy(entry + HEADER, ptr, len);
    this.end = end;
    return offset;
  }
}

/** Whether more than three quarters of the rows would be in use. */
function isFull(keys: i32, rows: i32): bool {
  return <i64>keys * 4 > <i64>rows * 3;
}

/** Odd numbers without a pattern in their bits: from the fractions of the golden ratio and of the square root of 3. */
const FACTOR: u64 = 0x9e3779b97f4a7c15;
const LAST_FACTOR: u64 = 0xbb67ae8584caa73b;

/** Mixes eight bytes at a time with a multiplication, which moves bits up, and a shift, which moves them down. */
export function hashOf(ptr: usize, len: i32): u32 {
  let hash = <u64>len * FACTOR;
  if (len < 8) {
    hash = (hash ^ shortWord(ptr, len)) * FACTOR;
  } else {
    const last = ptr + len - 8;
    for (let at = ptr; at < last; at += 8) {
      hash = (hash ^ load<u64>(at)) * FACTOR;
      hash ^= hash >> 32;
    }
    hash = (hash ^ load<u64>(last)) * FACTOR;
  }
  hash = (hash ^ (hash >> 32)) * LAST_FACTOR;
  return <u32>(hash >> 32);
}
