/** An open group; the outermost is the whole pattern. */
@final
export class Group {
  /** The position in the code at which the current alternative begins. */
  alternative: i32;
  /** The last of the jumps that end earlier alternatives, or -1. */
  jump: i32 = -1;
  /** The largest product of nested repeat counts so far. */
  repeats: i32 = 1;

  constructor(
    /** The position at which its code begins. */
    public start: i32,
    /** The offset of its `(`. */
    public at: i32,
    /** The flags to restore after it. */
    public flags: i32,
  ) {
    this.alternative = start;
  }
}
