import { foldSet } from "./fold";
import { RuneSet } from "./rune-set";

/** Scratch memory, reused by each call. */
const named = new RuneSet();

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

/** The POSIX classes. Each line has a name, `=`, and ranges in the form of `perlRanges`. */
const POSIX =
  "alnum=09AZaz\nalpha=AZaz\nascii=\x00\x7f\nblank=\t\t  \ncntrl=\x00\x1f\x7f\x7f\ndigit=09\ngraph=!~\nlower=az\n" +
  "print= ~\npunct=!/:@[`{~\nspace=\t\r  \nupper=AZ\nword=09AZ__az\nxdigit=09AFaf\n";

/** See `perlRanges`. */
export function posixRanges(name: string): string {
  const at = POSIX.indexOf(name + "=");
  // A name is everything before `=` in its line.
  if (at < 0 || name.includes("=") || (at > 0 && POSIX.charCodeAt(at - 1) != 0x0a)) return "";
  const from = at + name.length + 1;
  return POSIX.substring(from, POSIX.indexOf("\n", from));
}

/** Adds the `ranges` of a named class to `set`: folded if `fold`, then complemented if `negated`. */
export function addRanges(set: RuneSet, ranges: string, negated: bool, fold: bool): void {
  named.clear();
  for (let i = 0; i + 1 < ranges.length; i += 2) {
    named.add(ranges.charCodeAt(i), ranges.charCodeAt(i + 1));
  }
  if (fold) foldSet(named);
  if (negated) named.negate();
  set.addSet(named);
}
