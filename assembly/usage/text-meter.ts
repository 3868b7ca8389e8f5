import { TokenEstimator } from "./estimator";

/** How much of a text is kept, from its beginning. */
const SAMPLE: i32 = 4 << 10;

/** No text is longer. */
const MAX_BYTES: i64 = 1 << 48;

// One for all: an estimate is made at once.
const estimator = new TokenEstimator();

/**
 * How many tokens a text of any length is. Estimating costs much more than scanning, and nearly all responses report
 * their usage; so the text is only measured while it passes, and the estimate is made when it is asked for: of the first
 * 4 KB, and of what follows by its size, since a text does not often change its language.
 *
 * Memory: 4 KB, unmanaged; `dispose` frees it.
 */
@final
@unmanaged
export class TextMeter {
  private sample: usize;
  private kept: i32 = 0;
  private bytes: i64 = 0;

  /** @param size of the memory that the text is kept in, if somebody needs more of it */
  constructor(size: i32 = SAMPLE) {
    this.sample = heap.alloc(size);
  }

  dispose(): void {
    heap.free(this.sample);
    heap.free(changetype<usize>(this));
  }

  begin(): void {
    this.kept = 0;
    this.bytes = 0;
  }

  /** The memory that the text is kept in, from its beginning. */
  get memory(): usize {
    return this.sample;
  }

  /** Takes the next `len` bytes of text at `ptr`: UTF-8, cut anywhere. */
  feed(ptr: usize, len: i32): void {
    const more = min(len, SAMPLE - this.kept);
    if (more > 0) {
      memory.copy(this.sample + this.kept, ptr, more);
      this.kept += more;
    }
    this.bytes += len;
  }

  /** Whether further text need not be fed, but only skipped. */
  get isFull(): bool {
    return this.kept == SAMPLE;
  }

  /** Takes text of `size` bytes, unread. */
  skip(size: i64): void {
    this.bytes += size;
  }

  /** Whether there was any text. */
  get any(): bool {
    return this.bytes > 0;
  }

  /** The estimate for all of it. */
  get tokens(): i64 {
    if (this.kept == 0) return 0;
    estimator.clear();
    estimator.feed(this.sample, this.kept);
    // A text is longer than what is kept of it only if the sample is full. Of at most 3 tokens a byte: no overflow.
    return this.bytes == this.kept
      ? estimator.tokens
      : (estimator.tokens * min(this.bytes, MAX_BYTES)) / SAMPLE;
  }
}
