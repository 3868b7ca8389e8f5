import { addressOf, Bytes } from "../bytes/bytes";

/** The highest Unicode code point. */
export const MAX_RUNE: i32 = 0x10ffff;

/**
 * A set of runes (Unicode code points) under construction, as ranges `lo << 32 | hi`. Adding may leave ranges
 * unsorted and overlapping until `normalize`; every reader asks for the normal form: sorted, disjoint, apart.
 */
@final
export class RuneSet {
  private ranges: i64[] = [];
  /** The number of ranges when the set was last in normal form. */
  private clean: i32 = 0;

  /** The number of ranges. */
  get length(): i32 {
    return this.ranges.length;
  }

  lo(i: i32): i32 {
    return <i32>(this.ranges[i] >> 32);
  }

  hi(i: i32): i32 {
    return <i32>this.ranges[i];
  }

  /** Adds the runes `lo` to `hi`, both inclusive. */
  add(lo: i32, hi: i32): void {
    const last = this.ranges.length - 1;
    // Adjacent additions are the common case: generated tables and folded alphabets come in order.
    if (last >= this.clean && lo >= this.lo(last) && lo <= this.hi(last) + 1) {
      this.ranges[last] = pack(this.lo(last), max(hi, this.hi(last)));
      return;
    }
    this.ranges.push(pack(lo, hi));
    // Repeated tables must not pile up: the normal form is bounded by what is distinct.
    if (this.ranges.length > 2 * this.clean + 1024) this.normalize();
  }

  /** Adds every rune of `other`. */
  addSet(other: RuneSet): void {
    for (let i = 0; i < other.length; ++i) this.add(other.lo(i), other.hi(i));
  }

  /** Sorts the ranges and merges those that overlap or touch. */
  normalize(): void {
    const ranges = this.ranges;
    if (ranges.length > 1) {
      ranges.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
      let kept = 0;
      for (let i = 1; i < ranges.length; ++i) {
        if (this.lo(i) <= this.hi(kept) + 1) {
          ranges[kept] = pack(this.lo(kept), max(this.hi(kept), this.hi(i)));
        } else {
          ranges[++kept] = ranges[i];
        }
      }
      ranges.length = kept + 1;
    }
    this.clean = ranges.length;
  }

  /** Replaces the set by every rune that is not in it; leaves the normal form. */
  negate(): void {
    this.normalize();
    const gaps: i64[] = [];
    let next = 0;
    for (let i = 0; i < this.ranges.length; ++i) {
      if (next < this.lo(i)) gaps.push(pack(next, this.lo(i) - 1));
      next = this.hi(i) + 1;
    }
    if (next <= MAX_RUNE) gaps.push(pack(next, MAX_RUNE));
    this.ranges = gaps;
    this.clean = gaps.length;
  }

  /** The normal form as a byte string, equal for equal sets. */
  key(): Bytes {
    this.normalize();
    const b = new ArrayBuffer(this.ranges.length << 3);
    memory.copy(addressOf(b), this.ranges.dataStart, b.byteLength);
    return b;
  }
}

// @ts-ignore: decorator
@inline
function pack(lo: i32, hi: i32): i64 {
  return ((<i64>lo) << 32) | (<i64>hi);
}
