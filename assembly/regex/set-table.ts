import { addressOf, Bytes } from "../bytes/bytes";
import { ByteTable } from "../bytes/table";
import { RuneSet } from "./rune-set";

/** The distinct rune sets of a pattern, numbered in the order they were first seen. */
@final
export class SetTable {
  private index: ByteTable = new ByteTable();
  private keys: Bytes[] = [];
  /** The number of ranges of all sets together. */
  ranges: i32 = 0;

  /** The number of distinct sets. */
  get length(): i32 {
    return this.keys.length;
  }

  /** The number of `set`. */
  add(set: RuneSet): i32 {
    const key = set.key();
    const known = this.index.find(addressOf(key), key.byteLength);
    if (known >= 0) return known;
    const number = this.keys.length;
    this.index.add(key, number);
    this.keys.push(key);
    this.ranges += set.length;
    return number;
  }

  /** The number of ranges of a set. */
  count(set: i32): i32 {
    return this.keys[set].byteLength >> 3;
  }

  lo(set: i32, range: i32): i32 {
    return load<i32>(addressOf(this.keys[set]) + (range << 3), 4);
  }

  hi(set: i32, range: i32): i32 {
    return load<i32>(addressOf(this.keys[set]) + (range << 3));
  }
}
