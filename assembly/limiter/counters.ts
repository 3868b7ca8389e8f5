import { Bytes, equals } from "../bytes/bytes";

/**
 * The counters that one request is checked against and later charged to, in the order in which limits are reported.
 * Three parallel lists, because that is how the scripts take them.
 */
@final
export class Counters {
  readonly keys: Bytes[] = [];
  /** The length of each window, in seconds. */
  readonly windows: i64[] = [];
  /** How many tokens each window allows. */
  readonly thresholds: i64[] = [];

  get length(): i32 {
    return this.keys.length;
  }

  /**
   * Adds a counter. Two rules may lead to the same one; it is then charged once, and the lower threshold holds.
   */
  add(key: Bytes, windowSeconds: i32, threshold: i64): void {
    for (let i = 0; i < this.keys.length; ++i) {
      if (equals(this.keys[i], key)) {
        this.thresholds[i] = min(this.thresholds[i], threshold);
        return;
      }
    }
    this.keys.push(key);
    this.windows.push(windowSeconds);
    this.thresholds.push(threshold);
  }
}
