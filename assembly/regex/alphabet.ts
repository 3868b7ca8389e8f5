/**
 * The classes of runes that a pattern distinguishes. Runes that belong to the same sets of the pattern form one class, and the
 * program reads classes: `^user-\d+$` has eight. Classes are numbered in the order of their lowest rune, so the classes of ASCII
 * are below 128.
 */
@final
export class Alphabet {
  constructor(
    /** The number of classes. */
    public size: i32,
    /** The class of each ASCII character. */
    public ascii: StaticArray<u8>,
    /** The first rune of each run of runes of one class. The first run begins at U+0080. */
    private starts: StaticArray<i32>,
    /** The class of each run. */
    private classes: StaticArray<u16>,
  ) {}

  /** The class of a rune that is not ASCII. */
  classOf(rune: i32): i32 {
    // The answer is at or after `low` and below `high`, which is at most the length.
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
