import { Op, Report, Slot } from "./report";
import { Combine, Tally } from "./tally";

/**
 * The reports of usage in one JSON text that have begun and not ended: the root, whose own counts are one, and at most one
 * more inside it. A report counts once its object has been closed, so one that was cut off does not.
 *
 * Memory: two reports, unmanaged; `dispose` frees them.
 */
@final
@unmanaged
export class OpenReports {
  private readonly root: Report = new Report();
  private readonly inner: Report = new Report();
  /** How deep the object of `inner` is; 0 if none is open. */
  private innerDepth: i32 = 0;

  constructor(private readonly tally: Tally) {}

  dispose(): void {
    this.root.dispose();
    this.inner.dispose();
    heap.free(changetype<usize>(this));
  }

  /** Starts a new text. */
  begin(): void {
    this.innerDepth = 0;
  }

  openRoot(): void {
    this.root.clear();
  }

  /** An object that is a report begins. @param depth how many containers are open, including this one */
  open(depth: i32): void {
    this.inner.clear();
    this.innerDepth = depth;
  }

  /**
   * An object ends.
   * @param depth how many containers were open, including this one
   * @param isRoot whether it is at the root
   * @param combine how it relates to the reports before it
   */
  close(depth: i32, isRoot: bool, combine: Combine): void {
    if (depth == this.innerDepth) {
      this.innerDepth = 0;
      this.tally.commit(this.inner, combine);
    } else if (isRoot) {
      this.tally.commit(this.root, Combine.Merge);
    }
  }

  /** A count has been read. */
  put(slot: Slot, op: Op, value: i64): void {
    const report = this.innerDepth > 0 ? this.inner : this.root;
    report.put(slot, op, value);
  }
}
