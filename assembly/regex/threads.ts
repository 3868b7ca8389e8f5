import { argumentOf, Op, opOf } from "./program";

/**
 * The threads of a search, as positions in the code of its program. All are at the same position in the text. All patterns share
 * this memory, because a search ends before the next begins. It grows when a pattern is compiled, to the size of the largest
 * program (at most 10,000 words: 160 KB), so that a search allocates nothing.
 */
export let threads: StaticArray<i32> = new StaticArray<i32>(0);
/** The threads that `follow` has brought to an instruction that consumes a rune. */
let waiting: StaticArray<i32> = new StaticArray<i32>(0);
let stack: StaticArray<i32> = new StaticArray<i32>(0);
/** For each word of code, the last call of `follow` that has visited it. */
let visits: StaticArray<u32> = new StaticArray<u32>(0);
let visit: u32 = 0;

/** Makes room for the threads of programs of `length` words. */
export function reserveThreads(length: i32): void {
  if (length <= visits.length) return;
  threads = new StaticArray<i32>(length);
  waiting = new StaticArray<i32>(length);
  stack = new StaticArray<i32>(length);
  visits = new StaticArray<u32>(length);
  visit = 0;
}

/**
 * Advances the first `count` of `threads` to instructions that wait for a rune. Threads that meet become one.
 * @param held the assertions that hold at this position
 * @returns the number of waiting threads; -1 if one has matched
 */
export function follow(code: StaticArray<i32>, count: i32, held: i32): i32 {
  if (++visit == 0) {
    memory.fill(changetype<usize>(visits), 0, (<usize>visits.length) << 2);
    visit = 1;
  }
  // Unchecked accesses are safe: jumps stay within the code, whose last word is `Match`. Each word is visited once, so the arrays,
  // which are at least as long as the code, get at most one entry for each word.
  const words = changetype<usize>(code);
  const from = changetype<usize>(threads);
  const to = changetype<usize>(waiting);
  const seen = changetype<usize>(visits);
  const bottom = changetype<usize>(stack);
  const now = visit;
  let reached = to;
  for (let i = 0; i < count; ++i) {
    let top = bottom;
    let at = load<i32>(from + (i << 2));
    for (;;) {
      if (load<u32>(seen + (at << 2)) != now) {
        store<u32>(seen + (at << 2), now);
        const word = load<i32>(words + (at << 2));
        switch (opOf(word)) {
          case Op.Split:
            store<i32>(top, at + argumentOf(word));
            top += 4;
            ++at;
            continue;
          case Op.Jump:
            at += argumentOf(word);
            continue;
          case Op.Assert:
            if ((held & argumentOf(word)) == 0) break;
            ++at;
            continue;
          case Op.Match:
            return -1;
          default:
            store<i32>(reached, at);
            reached += 4;
        }
      }
      if (top == bottom) break;
      top -= 4;
      at = load<i32>(top);
    }
  }
  return <i32>((reached - to) >> 2);
}

/**
 * Makes the `count` waiting threads consume a rune of class `symbol`. Those that can become the `threads`.
 * @param rows the rows to which `Set` instructions refer
 * @returns the number of these threads; they are distinct, and none is at 0
 */
export function consume(code: StaticArray<i32>, rows: StaticArray<i32>, count: i32, symbol: i32): i32 {
  // Unchecked accesses are safe: rows have a bit for each class, and there are at most as many threads as waiting ones.
  const words = changetype<usize>(code);
  const from = changetype<usize>(waiting);
  const to = changetype<usize>(threads);
  const bits = changetype<usize>(rows) + ((symbol >> 5) << 2);
  const bit: u32 = 1 << (symbol & 31);
  let moved = to;
  for (let i = 0; i < count; ++i) {
    const at = load<i32>(from + (i << 2));
    const word = load<i32>(words + (at << 2));
    const argument = argumentOf(word);
    if (opOf(word) == Op.Class ? argument == symbol : (load<u32>(bits + (argument << 2)) & bit) != 0) {
      store<i32>(moved, at + 1);
      moved += 4;
    }
  }
  return <i32>((moved - to) >> 2);
}
