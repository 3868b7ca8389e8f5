import { MINUS, toLower, UNDERSCORE } from "../bytes/ascii";

/** Names longer than this have no suggestion. */
const MAX_LENGTH = 40;

/**
 * The one of `known` that `name` is probably a misspelling of, or "". Case, `_` and `-` are ignored. About every third letter may
 * be wrong, missing, superfluous, or swapped with its neighbour (optimal string alignment distance).
 */
export function nearest(name: string, known: string[]): string {
  const wanted = bare(name);
  if (wanted.length == 0 || wanted.length > MAX_LENGTH) return "";
  let best = "";
  let bestDistance = wanted.length / 3 + 1;
  for (let i = 0; i < known.length; ++i) {
    const distance = distanceBetween(wanted, bare(known[i]));
    if (distance < bestDistance) {
      best = known[i];
      bestDistance = distance;
    }
  }
  return best;
}

/** `name` in lower case, without `_` and `-`. */
function bare(name: string): string {
  const units = new StaticArray<u16>(name.length);
  let length = 0;
  for (let i = 0; i < name.length; ++i) {
    const unit = name.charCodeAt(i);
    if (unit == UNDERSCORE || unit == MINUS) continue;
    units[length++] = <u16>(unit < 0x80 ? toLower(<u8>unit) : unit);
  }
  return String.UTF16.decodeUnsafe(changetype<usize>(units), length << 1);
}

function distanceBetween(a: string, b: string): i32 {
  const width = b.length + 1;
  // Three rows of the table of distances between the prefixes of `a` and `b`.
  let before = new StaticArray<i32>(width);
  let above = new StaticArray<i32>(width);
  let row = new StaticArray<i32>(width);
  for (let j = 0; j < width; ++j) above[j] = j;
  for (let i = 1; i <= a.length; ++i) {
    row[0] = i;
    for (let j = 1; j < width; ++j) {
      const differ = a.charCodeAt(i - 1) == b.charCodeAt(j - 1) ? 0 : 1;
      let distance = min(above[j - 1] + differ, min(above[j], row[j - 1]) + 1);
      const swapped =
        i > 1 &&
        j > 1 &&
        a.charCodeAt(i - 1) == b.charCodeAt(j - 2) &&
        a.charCodeAt(i - 2) == b.charCodeAt(j - 1);
      if (swapped) distance = min(distance, before[j - 2] + 1);
      row[j] = distance;
    }
    const spare = before;
    before = above;
    above = row;
    row = spare;
  }
  return above[b.length];
}
