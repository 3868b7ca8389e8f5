import { Pattern } from "./pattern";
import { RuneSet } from "./rune-set";

/** Refuses `\p{..}`: the tables of Unicode properties are not part of this build. */
export function parseUnicodeClass(p: Pattern, set: RuneSet, fold: bool): bool {
  p.fail("unsupported Unicode character class", p.at, min(p.at + 3, p.length));
  return false;
}
