import { IntVector } from "./int-vector";
import { MAX_RUNE, RuneSet } from "./rune-set";
import { SetTable } from "./set-table";

/** The most steps of refinement. Bounds the time for a pattern with thousands of classes. */
const MAX_WORK: i32 = 1 << 22;
/** The most words of rows: 64 KB. */
const MAX_ROW_WORDS: i32 = 1 << 14;

/**
 * Divides all runes into classes, each of which is completely inside or outside each set of a table. The units are runs: the
 * runes from one bound to the next. A bound is where a range of some set begins or has ended. Partitions are reusable scratch
 * memory. They have at most 32,767 runs, two for each range of the sets.
 */
@unmanaged
@final
export class Partition {
  /** The number of classes. */
  size: i32 = 0;
  /** The first rune of each run, in ascending order; the first one is 0. */
  private bounds: IntVector = new IntVector();
  /** The class of each run. */
  private classes: IntVector = new IntVector();
  /** For each class: the number of its runs, of those in the current set, and the class to which these move, or 0. */
  private sizes: IntVector = new IntVector();
  private hits: IntVector = new IntVector();
  private moved: IntVector = new IntVector();
  /** The runs of the current set, and the classes that contain them. */
  private inside: IntVector = new IntVector();
  private touched: IntVector = new IntVector();
  private boundSet: RuneSet = new RuneSet();

  /** The number of runs. */
  get runs(): i32 {
    return this.bounds.length;
  }

  /** The first rune of a run. */
  start(run: i32): i32 {
    return this.bounds.get(run);
  }

  /** The rune after the last rune of a run. */
  end(run: i32): i32 {
    return run + 1 < this.bounds.length ? this.bounds.get(run + 1) : MAX_RUNE + 1;
  }

  classOf(run: i32): i32 {
    return this.classes.get(run);
  }

  /**
   * Splits the class of all runs, set by set, then numbers the classes in the order of their first run.
   * @returns false if that is too much work
   */
  divide(sets: SetTable): bool {
    this.findBounds(sets);
    this.classes.zero(this.bounds.length);
    this.sizes.zero(1);
    this.hits.zero(1);
    this.moved.zero(1);
    this.sizes.set(0, this.bounds.length);
    this.size = 1;
    let work = 0;
    for (let set = 0; set < sets.length; ++set) {
      this.enter(sets, set);
      work += this.inside.length;
      if (work > MAX_WORK) return false;
      this.split();
    }
    this.number();
    return true;
  }

  /**
   * Lists the classes of each set: `members` gets its only class, or the complement of the index in `rows` at which its row
   * begins, with a bit for each class.
   * @returns false if the rows take too much memory
   */
  collect(sets: SetTable, members: IntVector, rows: IntVector): bool {
    const width = (this.size + 31) >> 5;
    members.length = 0;
    rows.length = 0;
    for (let set = 0; set < sets.length; ++set) {
      this.enter(sets, set);
      const n = this.inside.length;
      const row = rows.length;
      let only = n > 0 ? this.classes.get(this.inside.get(0)) : -1;
      for (let i = 1; i < n; ++i) {
        if (this.classes.get(this.inside.get(i)) != only) only = -1;
      }
      members.push(only >= 0 ? only : ~row);
      if (only >= 0) continue;
      if (row + width > MAX_ROW_WORDS) return false;
      for (let i = 0; i < width; ++i) rows.push(0);
      for (let i = 0; i < n; ++i) {
        const c = this.classes.get(this.inside.get(i));
        const word = row + (c >> 5);
        rows.set(word, rows.get(word) | (1 << (c & 31)));
      }
    }
    return true;
  }

  /** Moves the runs of the current set out of each class that also has other runs. */
  private split(): void {
    const n = this.inside.length;
    this.touched.length = 0;
    for (let i = 0; i < n; ++i) {
      const c = this.classes.get(this.inside.get(i));
      if (this.hits.get(c) == 0) this.touched.push(c);
      this.hits.set(c, this.hits.get(c) + 1);
    }
    for (let i = 0; i < n; ++i) {
      const run = this.inside.get(i);
      const c = this.classes.get(run);
      if (this.hits.get(c) == this.sizes.get(c)) continue;
      if (this.moved.get(c) == 0) {
        this.moved.set(c, this.size++);
        this.sizes.push(0);
        this.hits.push(0);
        this.moved.push(0);
      }
      const to = this.moved.get(c);
      this.classes.set(run, to);
      this.sizes.set(to, this.sizes.get(to) + 1);
    }
    for (let i = 0; i < this.touched.length; ++i) {
      const c = this.touched.get(i);
      if (this.moved.get(c) != 0) this.sizes.set(c, this.sizes.get(c) - this.hits.get(c));
      this.hits.set(c, 0);
      this.moved.set(c, 0);
    }
  }

  private findBounds(sets: SetTable): void {
    const found = this.boundSet;
    found.clear();
    found.add(0, 0);
    for (let set = 0; set < sets.length; ++set) {
      for (let range = 0, n = sets.count(set); range < n; ++range) {
        const lo = sets.lo(set, range);
        const end = sets.hi(set, range) + 1;
        found.add(lo, lo);
        if (end <= MAX_RUNE) found.add(end, end);
      }
    }
    found.normalize();
    this.bounds.length = 0;
    for (let i = 0; i < found.length; ++i) {
      for (let rune = found.lo(i), hi = found.hi(i); rune <= hi; ++rune) this.bounds.push(rune);
    }
  }

  /** Makes `set` the current set. */
  private enter(sets: SetTable, set: i32): void {
    const runs = this.bounds.length;
    this.inside.length = 0;
    for (let range = 0, n = sets.count(set); range < n; ++range) {
      const hi = sets.hi(set, range);
      for (let run = this.runAt(sets.lo(set, range)); run < runs && this.bounds.get(run) <= hi; ++run) {
        this.inside.push(run);
      }
    }
  }

  /** The run that begins with `rune`, which must be a bound. */
  private runAt(rune: i32): i32 {
    let low = 0;
    let high = this.bounds.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.bounds.get(middle) <= rune) low = middle;
      else high = middle;
    }
    return low;
  }

  private number(): void {
    this.moved.zero(this.size);
    let next = 0;
    for (let run = 0, n = this.bounds.length; run < n; ++run) {
      const c = this.classes.get(run);
      if (this.moved.get(c) == 0) this.moved.set(c, ++next);
      this.classes.set(run, this.moved.get(c) - 1);
    }
  }
}
