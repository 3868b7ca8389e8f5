import { argumentOf, Op, opOf } from "./program";

/**
 * The threads of a search through a program, as positions in its code, all at the same position of the text. The
 * memory is shared by all patterns, for a search ends before another begins; it grows when a pattern is compiled, to
 * the size of the largest program (at most 10,000 words: 160 KB), so that a search allocates nothing.
 */
export let threads: StaticArray<i32> = new StaticArray<i32>(0);
/** The threads that `follow` has brought to an instruction that consumes a rune. */
let waiting: StaticArray<i32> = new StaticArray<i32>(0);
let stack: StaticArray<i32> = new StaticArray<i32>(0);
/** For each word of code the last call of `follow` that came by. */
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
 * Brings the first `count` of `threads` to where they wait for a rune; those that meet become one.
 * @param held the assertions that hold here
 * @returns how many wait, or -1 when one of them has matched
 */
export function follow(code: StaticArray<i32>, count: i32, held: i32): i32 {
  if (++visit == 0) {
    memory.fill(changetype<usize>(visits), 0, (<usize>visits.length) << 2);
    visit = 1;
  }
  // By address: jumps stay in the code, whose last word is `Match`, and each word is visited once, so that none of
  // the arrays, each at least as long as the code, takes more than one entry for a word.
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
 * Lets the `count` threads that wait consume a rune of class `symbol`, and makes those that can the `threads`.
 * @param rows what `Set` instructions refer to
 * @returns how many these are; they are distinct, and none is at 0
 */
export function consume(code: StaticArray<i32>, rows: StaticArray<i32>, count: i32, symbol: i32): i32 {
  // By address: rows have a bit for each class, and there are not more threads than wait.
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
