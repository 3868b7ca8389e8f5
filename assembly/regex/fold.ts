import { RuneSet } from "./rune-set";

const LONG_S: i32 = 0x17f; // an old form of s
const KELVIN: i32 = 0x212a; // the Kelvin sign, a form of k

/** Adds the runes `lo` to `hi` and all that differ from one of them in case only. */
export function addFolded(set: RuneSet, lo: i32, hi: i32): void {
  set.add(lo, hi);
  shift(set, lo, hi, 0x41, 0x5a, 32);
  shift(set, lo, hi, 0x61, 0x7a, -32);
  if (holds(lo, hi, LONG_S)) addPair(set, 0x73);
  if (holds(lo, hi, KELVIN)) addPair(set, 0x6b);
  if (holds(lo, hi, 0x53) || holds(lo, hi, 0x73)) set.add(LONG_S, LONG_S);
  if (holds(lo, hi, 0x4b) || holds(lo, hi, 0x6b)) set.add(KELVIN, KELVIN);
}

function holds(lo: i32, hi: i32, rune: i32): bool {
  return lo <= rune && rune <= hi;
}

/** Adds an ASCII letter, given in lower case, in both cases. */
function addPair(set: RuneSet, lower: i32): void {
  set.add(lower - 32, lower - 32);
  set.add(lower, lower);
}

/** Adds, moved by `by`, what `lo` to `hi` has in common with `first` to `last`. */
function shift(set: RuneSet, lo: i32, hi: i32, first: i32, last: i32, by: i32): void {
  const from = max(lo, first);
  const to = min(hi, last);
  if (from <= to) set.add(from + by, to + by);
}
