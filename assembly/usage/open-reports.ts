import { Op, Report, Slot } from "./report";
import { Combine, Tally } from "./tally";

/**
 * The usage reports in one JSON text that have begun but not ended: the root, whose own counts are a report, and at most one
 * more inside it. A report counts once its object is closed, so a report that is cut off does not count.
 *
 * Memory: two reports, unmanaged; `dispose` frees them.
 */
@final
@unmanaged
export class OpenReports {
  private readonly root: Report = new Report();
  private readonly inner: Report = new Report();
  /** The depth of the object of `inner`; 0 if none is open. */
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

  /** A report begins. @param depth the number of open containers, including this object */
  open(depth: i32): void {
    this.inner.clear();
    this.innerDepth = depth;
  }

  /**
   * An object ends.
   * @param depth the number of open containers, including this object
   * @param isRoot whether it is at the root
   * @param combine how it relates to earlier reports
   */
  close(depth: i32, isRoot: bool, combine: Combine): void {
    if (depth == this.innerDepth) {
      this.innerDepth = 0;
      this.tally.commit(this.inner, combine);
    } else if (isRoot) {
      this.tally.commit(this.root, Combine.Merge);
    }
  }

  put(slot: Slot, op: Op, value: i64): void {
    const report = this.innerDepth > 0 ? this.inner : this.root;
    report.put(slot, op, value);
  }
}
