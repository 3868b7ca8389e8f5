import { MAX_RUNE } from "./rune-set";
import { SetTable } from "./set-table";

/** The most ranges in all sets of a pattern together; `\pL` has about 660. */
const MAX_RANGES: i32 = 1 << 17;
/** The most steps of refinement, which bounds the time of a pattern with thousands of classes. */
const MAX_WORK: i32 = 1 << 22;
/** The most words of rows: 64 KB. */
const MAX_ROW_WORDS: i32 = 1 << 14;

/**
 * Divides all runes into classes such that each class is inside or outside of each set of a table. The units
 * are runs: the runes from one bound to the next, where a bound is where a range of some set begins or has ended.
 */
@final
export class Partition {
  /** The number of classes. */
  size: i32 = 1;
  private bounds: StaticArray<i32>;
  private classes: StaticArray<i32>;

  constructor(private sets: SetTable) {
    const bounds = boundsOf(sets);
    this.bounds = bounds;
    this.classes = new StaticArray<i32>(bounds.length);
  }

  /** The number of runs. */
  get runs(): i32 {
    return this.bounds.length;
  }

  /** The first rune of a run. */
  start(run: i32): i32 {
    return this.bounds[run];
  }

  /** The rune after the last of a run. */
  end(run: i32): i32 {
    return run + 1 < this.runs ? this.bounds[run + 1] : MAX_RUNE + 1;
  }

  classOf(run: i32): i32 {
    return this.classes[run];
  }

  /**
   * Splits the one class of all runs, set by set, then numbers the classes in the order of their first run.
   * @returns false when that is too much work
   */
  refine(): bool {
    const runs = this.runs;
    if (this.sets.ranges > MAX_RANGES || runs > <i32>u16.MAX_VALUE) return false;
    /** For each class its runs, those of them in the current set, and the class these move to, or 0. */
    const sizes = new StaticArray<i32>(runs);
    const hits = new StaticArray<i32>(runs);
    const moved = new StaticArray<i32>(runs);
    let work = 0;
    sizes[0] = runs;
    for (let set = 0; set < this.sets.length; ++set) {
      const before = this.size;
      const inside = this.runsOf(set);
      work += before + inside.length;
      if (work > MAX_WORK) return false;
      for (let i = 0; i < inside.length; ++i) hits[this.classes[inside[i]]] += 1;
      for (let i = 0; i < inside.length; ++i) {
        const c = this.classes[inside[i]];
        if (hits[c] == sizes[c]) continue;
        if (moved[c] == 0) moved[c] = this.size++;
        this.classes[inside[i]] = moved[c];
        sizes[moved[c]] += 1;
      }
      for (let c = 0; c < before; ++c) {
        if (moved[c] != 0) sizes[c] -= hits[c];
        hits[c] = moved[c] = 0;
      }
    }
    this.number();
    return true;
  }

  /**
   * Tells for each set which classes it has: in `members` its only class, or the complement of where its row, with
   * a bit for each class, begins in `rows`. Returns false when the rows take too much memory.
   */
  collect(members: StaticArray<i32>, rows: u32[]): bool {
    const width = (this.size + 31) >> 5;
    for (let set = 0; set < this.sets.length; ++set) {
      const inside = this.runsOf(set);
      const row = rows.length;
      let only = inside.length > 0 ? this.classes[inside[0]] : -1;
      for (let i = 1; i < inside.length; ++i) {
        if (this.classes[inside[i]] != only) only = -1;
      }
      members[set] = only >= 0 ? only : ~row;
      if (only >= 0) continue;
      if (row + width > MAX_ROW_WORDS) return false;
      for (let i = 0; i < width; ++i) rows.push(0);
      for (let i = 0; i < inside.length; ++i) {
        const c = this.classes[inside[i]];
        rows[row + (c >> 5)] |= 1 << (c & 31);
      }
    }
    return true;
  }

  /** The runs that make up a set. */
  private runsOf(set: i32): i32[] {
    const inside: i32[] = [];
    for (let range = 0; range < this.sets.count(set); ++range) {
      const hi = this.sets.hi(set, range);
      for (let run = this.runAt(this.sets.lo(set, range)); run < this.runs && this.bounds[run] <= hi; ++run) {
        inside.push(run);
      }
    }
    return inside;
  }

  /** The run that begins with `rune`, which is one of the bounds. */
  private runAt(rune: i32): i32 {
    let low = 0;
    let high = this.runs;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.bounds[middle] <= rune) low = middle;
      else high = middle;
    }
    return low;
  }

  private number(): void {
    const numbers = new StaticArray<i32>(this.size);
    let next = 0;
    for (let run = 0; run < this.runs; ++run) {
      const c = this.classes[run];
      if (numbers[c] == 0) numbers[c] = ++next;
      this.classes[run] = numbers[c] - 1;
    }
  }
}

/** The bounds of the runs, in order, beginning with 0. */
function boundsOf(sets: SetTable): StaticArray<i32> {
  const bounds: i32[] = [0];
  if (sets.ranges > MAX_RANGES) return StaticArray.fromArray<i32>(bounds);
  for (let set = 0; set < sets.length; ++set) {
    for (let range = 0; range < sets.count(set); ++range) {
      bounds.push(sets.lo(set, range));
      if (sets.hi(set, range) < MAX_RUNE) bounds.push(sets.hi(set, range) + 1);
    }
  }
  bounds.sort((a, b) => a - b);
  let kept = 1;
  for (let i = 1; i < bounds.length; ++i) {
    if (bounds[i] != bounds[kept - 1]) bounds[kept++] = bounds[i];
  }
  bounds.length = kept;
  return StaticArray.fromArray<i32>(bounds);
}
