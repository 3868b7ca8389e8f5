import { decodeRune, runeLength } from "../bytes/utf8";
import { Alphabet } from "./alphabet";
import { IntVector } from "./int-vector";
import { Interner } from "./interner";
import { Found, Program, satisfied, Side } from "./program";
import { consume, follow, threads } from "./threads";

/** The most entries of a table: 8 KB. */
const MAX_ENTRIES: i32 = 1 << 12;
/** The most threads examined while building one. Bounds the time to about a millisecond. */
const MAX_WORK: i32 = 1 << 18;
/** The most bytes of states while building one. */
const MAX_STATE_BYTES: i32 = 1 << 17;

/** Entries of the table that are not states: the answer is known, whatever follows. */
const REJECT: i32 = 0;
const ACCEPT: i32 = 1;
/** The entry for a state is the index of its row in the table, plus this. */
const FIRST: i32 = 2;

/**
 * The deterministic form of a program: a table with a row for each state, that is for each possible set of threads. A row has an
 * entry for each class of the alphabet and one for the end of the text. A search takes one look-up for each rune.
 */
@final
export class Automaton {
  constructor(
    private alphabet: Alphabet,
    private table: StaticArray<u16>,
    private start: i32,
  ) {}

  /** Looks for a match anywhere in the `len` bytes at `ptr`. */
  search(ptr: usize, len: i32): Found {
    const alphabet = this.alphabet;
    const ascii = changetype<usize>(alphabet.ascii);
    // The entry for a state is the index of a complete row, so the loads stay in the table.
    const rows = changetype<usize>(this.table) - (FIRST << 1);
    const end = ptr + len;
    let state = this.start;
    for (let at = ptr; at < end && state >= FIRST;) {
      let symbol = <i32>load<u8>(at);
      if (symbol < 0x80) {
        symbol = load<u8>(ascii + symbol);
        ++at;
      } else {
        symbol = alphabet.classOf(decodeRune(at, end));
        at += runeLength;
      }
      state = load<u16>(rows + ((<usize>(state + symbol)) << 1));
    }
    if (state < FIRST) return state == ACCEPT ? Found.Match : Found.Nothing;
    const last = load<u16>(rows + ((<usize>(state + alphabet.size)) << 1));
    return last == ACCEPT ? Found.Match : Found.NotYet;
  }
}

/** The states found so far, each as numbers (i32): the `Side` before the position, then the live threads in order. */
const states = new Interner(MAX_STATE_BYTES);
/** The entry of each state: that of its row, or `ACCEPT` if it matches whatever follows. */
const entries = new IntVector();
/** For each class, the state to which it leads from the current one, or -1. */
const successors = new IntVector();
const table = new IntVector();
/** The state under construction. */
const state = new IntVector();

/** Builds the automaton of a program. @returns null if the table would be too large, so that the program must be simulated */
export function automatonOf(program: Program): Automaton | null {
  return new Builder(program).build();
}

/** Adds rows for the states found so far, until no row leads to a new one. Its memory is reused for each pattern. */
@final
class Builder {
  /** The number of entries in a row. */
  private width: i32;
  /** The number of states that have a row. */
  private rows: i32 = 0;
  private work: i32 = 0;

  constructor(private program: Program) {
    this.width = program.alphabet.size + 1;
    states.clear();
    entries.length = 0;
    table.length = 0;
  }

  build(): Automaton | null {
    if (this.width > MAX_ENTRIES) return null;
    threads[0] = 0;
    this.enter(this.find(1, Side.Edge));
    for (let i = 0; i < states.length; ++i) {
      if (entries.get(i) >= FIRST) this.addRow(i);
      if (this.rows * this.width > MAX_ENTRIES || this.work > MAX_WORK || states.overflowed) return null;
    }
    return new Automaton(this.program.alphabet, table.toShorts(), entries.get(0));
  }

  /** Adds the row of state `from`. */
  private addRow(from: i32): void {
    const size = this.program.alphabet.size;
    const before = <Side>load<i32>(states.at(from));
    const row = table.length;
    table.resize(row + this.width);
    successors.resize(size);
    for (let after: i32 = Side.Other; after < Side.Edge; ++after) {
      const waiting = this.arrive(from, satisfied(before, <Side>after));
      for (let symbol = 0; symbol < size; ++symbol) {
        if (this.program.sides[symbol] != after) continue;
        table.set(row + symbol, waiting < 0 ? ACCEPT : REJECT);
        successors.set(symbol, waiting < 0 ? -1 : this.step(waiting, symbol, <Side>after));
      }
    }
    table.set(row + size, this.arrive(from, satisfied(before, Side.Edge)) < 0 ? ACCEPT : REJECT);
    // States are entered only now, because that moves the threads which the loop above needs in place.
    for (let symbol = 0; symbol < size; ++symbol) {
      const next = successors.get(symbol);
      if (next >= 0) table.set(row + symbol, this.enter(next));
    }
  }

  /** Advances the threads of a state to where they wait. @returns the number of waiting threads; -1 if one has matched */
  private arrive(from: i32, held: i32): i32 {
    const ptr = states.at(from);
    const count = (states.size(from) >> 2) - 1;
    for (let i = 0; i < count; ++i) threads[i] = load<i32>(ptr + (i << 2), 4);
    const waiting = follow(this.program.code, count, held);
    this.work += count + max(waiting, 0);
    return waiting;
  }

  /** The state after the `waiting` threads have met a rune of class `symbol`; -1 if none of them survives. */
  private step(waiting: i32, symbol: i32, side: Side): i32 {
    let count = consume(this.program.code, this.program.rows, waiting, symbol);
    if (!this.program.anchored) threads[count++] = 0;
    this.work += waiting;
    return count > 0 ? this.find(count, side) : -1;
  }

  /** The state of the first `count` of `threads`. */
  private find(count: i32, before: Side): i32 {
    state.resize(count + 1);
    state.set(0, before);
    // Insertion sort, because the threads are almost in order.
    for (let i = 1; i <= count; ++i) {
      const thread = threads[i - 1];
      let at = i;
      for (; at > 1 && state.get(at - 1) > thread; --at, ++this.work) state.set(at, state.get(at - 1));
      state.set(at, thread);
    }
    return states.add(state.ptr, (count + 1) << 2);
  }

  /** The entry for a state, which gets a row if it is new and needs one. */
  private enter(at: i32): i32 {
    // States are found in the order of their numbers, but several may be found before one is entered.
    while (entries.length <= at) {
      const certain = this.arrive(entries.length, 0) < 0;
      entries.push(certain ? ACCEPT : FIRST + this.rows++ * this.width);
    }
    return entries.get(at);
  }
}
