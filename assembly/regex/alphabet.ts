import { Partition } from "./partition";
import { sideOf } from "./program";
import { SetTable } from "./set-table";

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
    /** The first rune of each run of runes of one class, from U+0080 on. */
    private starts: StaticArray<i32>,
    /** The class of each run. */
    private classes: StaticArray<u16>,
    /** For each set the one class it consists of, or the complement of where its row begins in `rows`. */
    public members: StaticArray<i32>,
    /** Rows of one bit for each class. */
    public rows: StaticArray<u32>,
    /** What assertions see of each class. */
    public sides: StaticArray<u8>,
  ) {}

  /** The class of a rune from U+0080 on. */
  classOf(rune: i32): i32 {
    // The first run starts at U+0080, so the answer is at `low`, which stays below the length.
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

/**
 * The alphabet of a pattern with the given sets.
 * @param asserting whether assertions ask for words and newlines, which are then among the sets
 * @returns null when it would need more time or memory than a pattern may take
 */
export function alphabetOf(sets: SetTable, asserting: bool): Alphabet | null {
  const partition = new Partition(sets);
  if (!partition.refine()) return null;
  const members = new StaticArray<i32>(sets.length);
  const rows: u32[] = [];
  if (!partition.collect(members, rows)) return null;

  const ascii = new StaticArray<u8>(128);
  const starts: i32[] = [];
  const classes: u16[] = [];
  const sides = new StaticArray<u8>(partition.size);
  for (let run = 0; run < partition.runs; ++run) {
    const c = partition.classOf(run);
    const from = partition.start(run);
    const end = partition.end(run);
    if (asserting) sides[c] = <u8>sideOf(from);
    for (let rune = from; rune < min(end, 0x80); ++rune) ascii[rune] = <u8>c;
    if (end > 0x80 && (classes.length == 0 || classes[classes.length - 1] != c)) {
      starts.push(max(from, 0x80));
      classes.push(<u16>c);
    }
  }
  return new Alphabet(
    partition.size,
    ascii,
    StaticArray.fromArray<i32>(starts),
    StaticArray.fromArray<u16>(classes),
    members,
    StaticArray.fromArray<u32>(rows),
    sides,
  );
}
