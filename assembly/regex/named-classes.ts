import { addFolded } from "./fold";
import { RuneSet } from "./rune-set";

/**
 * The ranges of a Perl class letter or a POSIX class name, as pairs of ASCII characters, or "" for an unknown
 * name. Source: the tables of https://github.com/google/re2/wiki/Syntax, which Go's regexp/syntax repeats.
 */
export function perlRanges(letter: i32): string {
  switch (letter | 0x20) {
    case 0x64: // d
      return "09";
    case 0x73: // s: without \v, unlike [[:space:]]
      return "\t\n\f\r  ";
    case 0x77: // w
      return "09AZ__az";
    default:
      return "";
  }
}

/** See `perlRanges`. */
export function posixRanges(name: string): string {
  if (name == "alnum") return "09AZaz";
  if (name == "alpha") return "AZaz";
  if (name == "ascii") return "\x00\x7f";
  if (name == "blank") return "\t\t  ";
  if (name == "cntrl") return "\x00\x1f\x7f\x7f";
  if (name == "digit") return "09";
  if (name == "graph") return "!~";
  if (name == "lower") return "az";
  if (name == "print") return " ~";
  if (name == "punct") return "!/:@[`{~";
  if (name == "space") return "\t\r  ";
  if (name == "upper") return "AZ";
  if (name == "word") return "09AZ__az";
  if (name == "xdigit") return "09AFaf";
  return "";
}

/** Adds to `set` the `ranges` of a named class, folded when `fold`, then complemented when `negated`. */
export function addRanges(set: RuneSet, ranges: string, negated: bool, fold: bool): void {
  const named = new RuneSet();
  for (let i = 0; i + 1 < ranges.length; i += 2) {
    const lo = ranges.charCodeAt(i);
    const hi = ranges.charCodeAt(i + 1);
    if (fold) addFolded(named, lo, hi);
    else named.add(lo, hi);
  }
  if (negated) named.negate();
  set.addSet(named);
}
