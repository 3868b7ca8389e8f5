import { IntVector } from "./int-vector";
import { argumentOf, instruction, MAX_CODE, Op } from "./program";

/**
 * Code under construction, which can be cleared and reused. Blocks are appended; repetition and alternation wrap the block from
 * a given word to the end. After `MAX_CODE` words, nothing more is written: `overflowed` is set, and the code cannot be used.
 */
@unmanaged
@final
export class Code {
  overflowed: bool = false;
  private words: IntVector = new IntVector();

  clear(): void {
    this.words.length = 0;
    this.overflowed = false;
  }

  get length(): i32 {
    return this.words.length;
  }

  /** The word at `at`, which must be below `length`. */
  get(at: i32): i32 {
    return this.words.get(at);
  }

  emit(op: Op, argument: i32): void {
    if (this.reserve(1)) this.words.push(instruction(op, argument));
  }

  /** Repeats the block `min` to `max` times; `max` is -1 for no upper bound. */
  repeat(from: i32, min: i32, max: i32): void {
    const size = this.length - from;
    if (size == 0) return;
    for (let i = 1; i < min; ++i) this.copy(from, size);
    if (max == 0) {
      this.words.length = from;
    } else if (max < 0) {
      // x+ is x and a jump back to it; x* is that or nothing.
      if (min == 0) this.insert(from, Op.Split, size + 2);
      if (min == 0) this.emit(Op.Jump, -size - 1);
      else this.emit(Op.Split, -size);
    } else {
      // x{2,4} is xx(x(x)?)?, whose splits all jump to the same end. The first x of x{0,2} is the block itself.
      let left = max - min;
      if (min == 0) this.insert(from, Op.Split, left-- * (size + 1));
      const block = min == 0 ? from + 1 : from;
      for (; left > 0 && !this.overflowed; --left) {
        this.emit(Op.Split, left * (size + 1));
        this.copy(block, size);
      }
    }
  }

  /**
   * Ends an alternative that began at `from`: one path skips it, the other jumps over what follows.
   * @param chained the jump that ended the previous alternative, or -1
   * @returns the jump, for `land`
   */
  alternative(from: i32, chained: i32): i32 {
    this.insert(from, Op.Split, this.length - from + 2);
    const jump = this.length;
    this.emit(Op.Jump, chained < 0 ? 0 : chained - jump);
    return jump;
  }

  /** Makes the chain of jumps at `jump` lead to the end of the code. */
  land(jump: i32): void {
    if (this.overflowed) return;
    for (let at = jump; at >= 0;) {
      const back = argumentOf(this.words.get(at));
      this.words.set(at, instruction(Op.Jump, this.length - at));
      at = back == 0 ? -1 : at + back;
    }
  }

  toWords(): StaticArray<i32> {
    return this.words.toArray();
  }

  /** Inserts a word before the last block of the code, which must refer only to itself. */
  private insert(at: i32, op: Op, argument: i32): void {
    const size = this.length - at;
    if (!this.reserve(1)) return;
    this.words.resize(this.length + 1);
    this.words.move(at + 1, at, size);
    this.words.set(at, instruction(op, argument));
  }

  /** Appends a copy of the block of `size` words at `from`. */
  private copy(from: i32, size: i32): void {
    if (!this.reserve(size)) return;
    const end = this.length;
    this.words.resize(end + size);
    this.words.move(end, from, size);
  }

  private reserve(more: i32): bool {
    if (this.length + more > MAX_CODE) this.overflowed = true;
    return !this.overflowed;
  }
}
