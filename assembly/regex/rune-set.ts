/** The highest Unicode code point. */
export const MAX_RUNE: i32 = 0x10ffff;

/**
 * A set of runes (Unicode code points) under construction, as ranges `lo << 32 | hi`. Additions may leave ranges unsorted and
 * overlapping. `normalize` sorts them and makes them disjoint and not adjacent: the normal form. Sets are scratch memory outside the
 * garbage collector, created once, then cleared and reused. They hold at most some ten thousand ranges, because a pattern and
 * Unicode's properties together have no more. Indexes are unchecked and must be below `length`.
 */
@unmanaged
@final
export class RuneSet {
  /** The number of ranges. */
  length: i32 = 0;
  /** The address of the ranges, 8 bytes each. Equal sets in normal form have the same bytes. */
  ptr: usize = heap.alloc(128);
  /** The number of ranges when the set was last in normal form. */
  private clean: i32 = 0;
  private capacity: i32 = 16;

  clear(): void {
    this.length = 0;
    this.clean = 0;
  }

  /** The first rune of range `i`. */
  lo(i: i32): i32 {
    return load<i32>(this.ptr + ((<usize>i) << 3), 4);
  }

  /** The last rune of range `i`. */
  hi(i: i32): i32 {
    return load<i32>(this.ptr + ((<usize>i) << 3));
  }

  /** The first range that ends at or after `rune`; `length` if there is none. The set must be in normal form. */
  reaching(rune: i32): i32 {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.hi(middle) < rune) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Adds the runes `lo` to `hi`, both inclusive. */
  add(lo: i32, hi: i32): void {
    const last = this.length - 1;
    // Most additions are in order and touch the previous range.
    if (last >= this.clean && lo >= this.lo(last) && lo <= this.hi(last) + 1) {
      this.put(last, this.lo(last), max(hi, this.hi(last)));
      return;
    }
    // Repeated additions must not accumulate: only distinct ranges remain in the normal form.
    if (this.length > 2 * this.clean + 1024) this.normalize();
    if (this.length == this.capacity) {
      this.capacity *= 2;
      this.ptr = heap.realloc(this.ptr, (<usize>this.capacity) << 3);
    }
    this.put(this.length++, lo, hi);
  }

  /** Adds every rune of `other`. */
  addSet(other: RuneSet): void {
    for (let i = 0; i < other.length; ++i) this.add(other.lo(i), other.hi(i));
  }

  /** Sorts the ranges and merges those that overlap or touch. */
  normalize(): void {
    const n = this.length;
    if (n == this.clean) return;
    this.sort();
    let kept = 0;
    for (let i = 1; i < n; ++i) {
      if (this.lo(i) > this.hi(kept) + 1) this.put(++kept, this.lo(i), this.hi(i));
      else this.put(kept, this.lo(kept), max(this.hi(kept), this.hi(i)));
    }
    this.length = this.clean = kept + 1;
  }

  /** Replaces the set with its complement, in normal form. */
  negate(): void {
    // The last gap may need one more range.
    this.add(MAX_RUNE + 1, MAX_RUNE + 1);
    this.normalize();
    const n = this.length;
    let gaps = 0;
    let next = 0;
    for (let i = 0; i < n; ++i) {
      const lo = this.lo(i);
      const hi = this.hi(i);
      if (next < lo) this.put(gaps++, next, lo - 1);
      next = hi + 1;
    }
    this.length = this.clean = gaps;
  }

  private put(i: i32, lo: i32, hi: i32): void {
    store<i64>(this.ptr + ((<usize>i) << 3), ((<i64>lo) << 32) | (<i64>hi));
  }

  /** Shell sort: in place, and fast because ranges arrive in sorted runs. */
  private sort(): void {
    const n = this.length;
    const ranges = this.ptr;
    let gap = 1;
    while (gap < n) gap = gap * 3 + 1;
    for (gap /= 3; gap > 0; gap /= 3) {
      const distance = (<usize>gap) << 3;
      for (let i = gap; i < n; ++i) {
        let at = ranges + ((<usize>i) << 3);
        const range = load<i64>(at);
        for (; at >= ranges + distance && load<i64>(at - distance) > range; at -= distance) {
          store<i64>(at, load<i64>(at - distance));
        }
        store<i64>(at, range);
      }
    }
  }
}
