import { decodeRune, runeLength } from "../bytes/utf8";
import { argumentOf, Op, opOf, Program, satisfied, Side } from "./program";

/**
 * Memory for searches, shared by all patterns: a search ends before another begins. It grows when a pattern is
 * compiled, to the size of the largest program (at most 10,000 words: 160 KB), so that a search allocates nothing.
 */
let threads: StaticArray<i32> = new StaticArray<i32>(0);
let nextThreads: StaticArray<i32> = new StaticArray<i32>(0);
let stack: StaticArray<i32> = new StaticArray<i32>(0);
/** For each word of code the last step that visited it. */
let visits: StaticArray<u32> = new StaticArray<u32>(0);
let step: u32 = 0;

/** Makes room for simulating programs of `length` words. */
export function reserveThreads(length: i32): void {
  if (length <= visits.length) return;
  threads = new StaticArray<i32>(length + 1);
  nextThreads = new StaticArray<i32>(length + 1);
  stack = new StaticArray<i32>(length + 1);
  visits = new StaticArray<u32>(length);
  step = 0;
}

/**
 * Whether the program matches anywhere in the `len` bytes at `ptr`: all paths through the code advance together,
 * rune by rune, and paths that meet become one, so that the time is at most proportional to text times program.
 */
export function simulate(program: Program, ptr: usize, len: i32): bool {
  const code = program.code;
  const alphabet = program.alphabet;
  const end = ptr + len;
  let count = 1;
  let before: Side = Side.Edge;
  let at = ptr;
  let symbol = 0;
  threads[0] = 0;
  do {
    let after: Side = Side.Edge;
    symbol = -1;
    if (at < end) {
      const first = load<u8>(at);
      if (first < 0x80) {
        symbol = unchecked(alphabet.ascii[first]);
        ++at;
      } else {
        symbol = alphabet.classOf(decodeRune(at, end));
        at += runeLength;
      }
      after = alphabet.sides[symbol];
    }
    count = advance(code, alphabet.rows, count, symbol, satisfied(before, after));
    if (count < 0) return true;
    if (!program.anchored) nextThreads[count++] = 0;
    const swap = threads;
    threads = nextThreads;
    nextThreads = swap;
    before = after;
  } while (symbol >= 0 && count > 0);
  return false;
}

/**
 * Follows the `count` threads up to where they consume, and moves those that consume `symbol` (none for -1, the
 * end of the text) to `nextThreads`.
 * @returns how many these are, or -1 when a thread matches
 */
function advance(code: StaticArray<i32>, rows: StaticArray<u32>, count: i32, symbol: i32, held: i32): i32 {
  if (++step == 0) {
    memory.fill(changetype<usize>(visits), 0, (<usize>visits.length) << 2);
    step = 1;
  }
  let moved = 0;
  for (let i = 0; i < count; ++i) {
    let top = 0;
    let at = threads[i];
    for (;;) {
      if (visits[at] != step) {
        visits[at] = step;
        const argument = argumentOf(code[at]);
        switch (opOf(code[at])) {
          case Op.Class:
            if (argument == symbol) nextThreads[moved++] = at + 1;
            break;
          case Op.Set:
            if (symbol >= 0 && ((rows[argument + (symbol >> 5)] >> (symbol & 31)) & 1) != 0) {
              nextThreads[moved++] = at + 1;
            }
            break;
          case Op.Split:
            stack[top++] = at + argument;
            ++at;
            continue;
          case Op.Jump:
            at += argument;
            continue;
          case Op.Assert:
            if ((held & argument) == 0) break;
            ++at;
            continue;
          default:
            return -1;
        }
      }
      if (top == 0) break;
      at = stack[--top];
    }
  }
  return moved;
}
