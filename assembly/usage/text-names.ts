/** More names than this are not remembered. */
const MAX_NAMES: i32 = 8;

/**
 * Where the names of generated texts end in the bytes of one JSON text. An event template may let the values of these vary.
 *
 * Memory: about 40 bytes, unmanaged; `dispose` frees them.
 */
@final
@unmanaged
export class TextNames {
  private readonly ends: usize = heap.alloc(MAX_NAMES << 2);
  private count: i32 = 0;

  dispose(): void {
    heap.free(this.ends);
    heap.free(changetype<usize>(this));
  }

  /** Starts a new text. */
  begin(): void {
    this.count = 0;
  }

  /** Remembers a name that ends at `end`. @returns false if there is no room */
  add(end: usize): bool {
    if (this.count == MAX_NAMES) return false;
    store<u32>(this.ends + (this.count++ << 2), <u32>end);
    return true;
  }

  /** Whether one of the names ends at `end`. */
  has(end: usize): bool {
    for (let i = 0; i < this.count; ++i) {
      if (load<u32>(this.ends + (i << 2)) == <u32>end) return true;
    }
    return false;
  }
}
