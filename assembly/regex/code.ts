import { argumentOf, instruction, MAX_CODE, Op } from "./program";

/**
 * Code under construction. Blocks are appended; repetition and alternation wrap the block from a given word to
 * the end. Nothing is written above `MAX_CODE` words: `overflowed` is set, and the code is of no use any more.
 */
@final
export class Code {
  private words: StaticArray<i32> = new StaticArray<i32>(MAX_CODE);
  length: i32 = 0;
  overflowed: bool = false;

  emit(op: Op, argument: i32): void {
    if (this.reserve(1)) this.words[this.length++] = instruction(op, argument);
  }

  /** Makes the block optional. */
  optional(from: i32): void {
    if (this.length > from) this.insert(from, Op.Split, this.length - from + 1);
  }

  /** Repeats the block any number of times, at least once. */
  oneOrMore(from: i32): void {
    if (this.length > from) this.emit(Op.Split, from - this.length);
  }

  /** Repeats the block any number of times. */
  zeroOrMore(from: i32): void {
    const size = this.length - from;
    if (size == 0) return;
    this.insert(from, Op.Split, size + 2);
    this.emit(Op.Jump, -size - 1);
  }

  /** Repeats the block `min` to `max` times; `max` is -1 for no upper bound. */
  repeat(from: i32, min: i32, max: i32): void {
    const size = this.length - from;
    if (size == 0) return;
    if (max == 0) {
      this.length = from;
    } else if (max < 0) {
      if (min == 0) return this.zeroOrMore(from);
      for (let i = 1; i < min; ++i) this.copy(from, size);
      this.oneOrMore(this.length - size);
    } else {
      // x{2,4} is xx(x(x)?)?, whose splits all leave to the same end. The first optional copy is the block
      // itself when nothing is obligatory.
      for (let i = 1; i < min; ++i) this.copy(from, size);
      const first = min == 0 ? from : this.length;
      let left = max - min;
      if (min == 0) this.insert(from, Op.Split, left-- * (size + 1));
      for (const block = min == 0 ? from + 1 : from; left > 0 && !this.overflowed; --left) {
        this.emit(Op.Split, left * (size + 1));
        this.copy(block, size);
      }
      assert(this.overflowed || this.length - first == (max - min) * (size + 1));
    }
  }

  /**
   * Ends an alternative that began at `from`: skips it on one path, and jumps over what follows on the other.
   * @param chained the jump that ended the alternative before, or -1
   * @returns the jump, to be given to `land`
   */
  alternative(from: i32, chained: i32): i32 {
    this.insert(from, Op.Split, this.length - from + 2);
    const jump = this.length;
    this.emit(Op.Jump, chained < 0 ? 0 : chained - jump);
    return jump;
  }

  /** Lets the jumps chained at `jump` lead to the end of the code. */
  land(jump: i32): void {
    if (this.overflowed) return;
    for (let at = jump; at >= 0;) {
      const back = argumentOf(this.words[at]);
      this.words[at] = instruction(Op.Jump, this.length - at);
      at = back == 0 ? -1 : at + back;
    }
  }

  toWords(): StaticArray<i32> {
    return StaticArray.slice<i32>(this.words, 0, this.length);
  }

  /** Inserts a word before a block that ends the code and refers only to itself. */
  private insert(at: i32, op: Op, argument: i32): void {
    if (!this.reserve(1)) return;
    const ptr = changetype<usize>(this.words) + ((<usize>at) << 2);
    memory.copy(ptr + 4, ptr, (<usize>(this.length - at)) << 2);
    this.words[at] = instruction(op, argument);
    this.length += 1;
  }

  /** Appends a copy of the block of `size` words at `from`. */
  private copy(from: i32, size: i32): void {
    if (!this.reserve(size)) return;
    const base = changetype<usize>(this.words);
    memory.copy(base + ((<usize>this.length) << 2), base + ((<usize>from) << 2), (<usize>size) << 2);
    this.length += size;
  }

  private reserve(more: i32): bool {
    if (this.length + more > MAX_CODE) this.overflowed = true;
    return !this.overflowed;
  }
}
