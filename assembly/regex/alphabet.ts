/**
 * The runes a pattern can tell apart. Runes that belong to the same sets of the pattern are one class, and the
 * program reads classes: `^user-\d+$` has eight of them. Classes are numbered in the order of their least rune,
 * so those of ASCII are below 128.
 */
@final
export class Alphabet {
  constructor(
    /** The number of classes. */
    public size: i32,
    /** The class of each ASCII character. */
    public ascii: StaticArray<u8>,
    /** The first rune of each run of runes of one class, from U+0080 on, which begins the first. */
    private starts: StaticArray<i32>,
    /** The class of each run. */
    private classes: StaticArray<u16>,
  ) {}

  /** The class of a rune from U+0080 on. */
  classOf(rune: i32): i32 {
    // The answer is at `low`, which is below `high`, which is not above the length.
    let low = 0;
    let high = this.starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (unchecked(this.starts[middle]) <= rune) low = middle;
      else high = middle;
    }
    return unchecked(this.classes[low]);
  }
}
