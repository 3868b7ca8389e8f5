import { RuneSet } from "./rune-set";
import { FOLDS, FOLDS_END } from "./unicode-data";
import { cursor, moveTo, readVarint } from "./varint";

/** Scratch memory, reused by each call. */
const more = new RuneSet();

/**
 * Adds to a set all runes that differ only in case from one of its members, by the simple case folding of Unicode: k adds K and
 * the Kelvin sign. Foldings of one rune to several are not included.
 */
export function foldSet(set: RuneSet): void {
  set.normalize();
  if (set.length == 0) return;
  const least = set.lo(0);
  const most = set.hi(set.length - 1);
  more.clear();
  let first = 0;
  for (moveTo(FOLDS); cursor < FOLDS_END;) {
    first += readVarint();
    const counted = readVarint();
    const distance = readVarint();
    const stride = 1 + (counted & 1);
    const last = first + ((counted >> 1) - 1) * stride;
    if (first <= most && last >= least) addMoved(set, first, last, stride, distance);
    const other = first + distance;
    if (other <= most && last + distance >= least) addMoved(set, other, last + distance, stride, -distance);
  }
  set.addSet(more);
}

/** Adds every `stride`-th rune from `first` to `last` that is in `set` to `more`, moved by `by`. */
function addMoved(set: RuneSet, first: i32, last: i32, stride: i32, by: i32): void {
  const length = set.length;
  for (let i = set.reaching(first); i < length && set.lo(i) <= last; ++i) {
    const lo = max(set.lo(i), first);
    const hi = min(set.hi(i), last);
    if (stride == 1) {
      more.add(lo + by, hi + by);
    } else {
      for (let rune = lo + ((lo - first) & 1); rune <= hi; rune += stride) more.add(rune + by, rune + by);
    }
  }
}
