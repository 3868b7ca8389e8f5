/** A group that is open; the outermost is the whole pattern. */
@final
export class Group {
  /** Where the current alternative begins in the code. */
  alternative: i32;
  /** The last of the jumps that end the alternatives before, or -1. */
  jump: i32 = -1;
  /** The largest product of nested repeat counts so far. */
  repeats: i32 = 1;

  constructor(
    /** Where its code begins. */
    public start: i32,
    /** Where its `(` is. */
    public at: i32,
    /** The flags to be restored after it. */
    public flags: i32,
  ) {
    this.alternative = start;
  }
}
