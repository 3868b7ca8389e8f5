import { Interner } from "./interner";
import { RuneSet } from "./rune-set";

/** The most bytes for the sets of a pattern: 16,383 ranges; `\pL` has about 680. */
const MAX_BYTES: i32 = (1 << 17) - 8;

/** The distinct rune sets of a pattern, numbered in the order in which they first occur. */
@unmanaged
@final
export class SetTable {
  private sets: Interner = new Interner(MAX_BYTES);

  clear(): void {
    this.sets.clear();
  }

  /** The number of distinct sets. */
  get length(): i32 {
    return this.sets.length;
  }

  /** Whether there was no room for a set. If so, the numbers cannot be used. */
  get overflowed(): bool {
    return this.sets.overflowed;
  }

  /** The number of `set`. */
  add(set: RuneSet): i32 {
    set.normalize();
    return this.sets.add(set.ptr, set.length << 3);
  }

  /** The number of ranges of a set. */
  count(set: i32): i32 {
    return this.sets.size(set) >> 3;
  }

  lo(set: i32, range: i32): i32 {
    return load<i32>(this.sets.at(set) + (range << 3), 4);
  }

  hi(set: i32, range: i32): i32 {
    return load<i32>(this.sets.at(set) + (range << 3));
  }
}
