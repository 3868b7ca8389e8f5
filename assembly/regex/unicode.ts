import { CARET, LEFT_BRACE, MINUS, SPACE, toLower, UNDERSCORE } from "../bytes/ascii";
import { foldSet } from "./fold";
import { BAD_RANGE, Pattern } from "./pattern";
import { RuneSet } from "./rune-set";
import {
  CATEGORY_NAMES,
  CATEGORY_NAMES_END,
  RUNS,
  RUNS_END,
  SCRIPT_NAMES,
  SCRIPT_NAMES_END,
  SCRIPT_SPANS,
  SCRIPT_SPANS_END,
} from "./unicode-data";
import { cursor, moveTo, readByte, readVarint } from "./varint";

/** The categories of uppercase and lowercase letters, and the table's code for runs in which they alternate. */
const UPPERCASE: i32 = 0;
const LOWERCASE: i32 = 1;
const ALTERNATING: i32 = 30;
/** The first of the categories whose runes have no script, up to ALTERNATING. */
const SURROGATE: i32 = 27;

/** Scratch memory, reused by each call. */
const named = new RuneSet();
/** The requested name in the spelling of the tables, and room for the longest of theirs. */
const MAX_NAME: i32 = 32;
const name: usize = memory.data(32);
const ASCII: usize = memory.data<u8>([5, 0x61, 0x73, 0x63, 0x69, 0x69]);

/**
 * Reads `\pL`, `\PL`, `\p{Greek}` or `\p{^Greek}`, whose backslash is at the cursor, into `set`. Names are general categories, their
 * long names, scripts, Any, Assigned and ASCII. As in Go since 1.25, case, spaces, hyphens and underscores do not matter.
 * @returns false if there is an error
 */
export function parseUnicodeClass(p: Pattern, set: RuneSet, fold: bool): bool {
  const from = p.at;
  let negated = p.peek(1) == 0x50; // P
  let begin = from + 2;
  p.at = begin;
  const first = p.next();
  let end = p.at;
  if (first == LEFT_BRACE) {
    begin = p.at;
    end = p.find("}", begin);
    if (p.checkUtf8(begin, end < 0 ? p.length : end) && end < 0) p.fail(BAD_RANGE, from, p.length);
    p.at = end + 1;
  }
  if (p.failed) return false;

  if (p.byteAt(begin) == CARET && begin < end) {
    negated = !negated;
    ++begin;
  }
  named.clear();
  if (!addNamed(named, spell(p, begin, end))) {
    p.fail(BAD_RANGE, from, p.at, "the names are those of general categories and scripts");
    return false;
  }
  if (!p.spend(named.length)) return false;
  if (fold) foldSet(named);
  if (negated) named.negate();
  set.addSet(named);
  return true;
}

/** Writes the bytes `begin` to `end` to `name` in the spelling of the tables. @returns the length; 0 if it is too long */
function spell(p: Pattern, begin: i32, end: i32): i32 {
  let length = 0;
  for (let i = begin; i < end; ++i) {
    const c = p.byteAt(i);
    if (c == UNDERSCORE || c == MINUS || c == SPACE) continue;
    if (length == MAX_NAME) return 0;
    store<u8>(name + length++, toLower(<u8>c));
  }
  return length;
}

/** Adds the runes of the property whose name is the first `length` bytes of `name`. @returns false if there is none */
function addNamed(set: RuneSet, length: i32): bool {
  // A number of the scripts has no name.
  if (length == 0) return false;
  for (moveTo(CATEGORY_NAMES); cursor < CATEGORY_NAMES_END;) {
    const found = readName(length);
    const categories = readVarint();
    if (found) {
      addCategories(set, categories);
      return true;
    }
  }
  let script = 0;
  for (moveTo(SCRIPT_NAMES); cursor < SCRIPT_NAMES_END;) {
    ++script;
    if (readName(length)) {
      addScript(set, script);
      return true;
    }
  }
  moveTo(ASCII);
  if (!readName(length)) return false;
  set.add(0, 0x7f);
  return true;
}

/** Reads a name from a table. @returns whether it is the requested one */
function readName(length: i32): bool {
  const size = readByte();
  const at = cursor;
  moveTo(at + size);
  return size == length && memory.compare(at, name, size) == 0;
}

/** Adds the runes of all `categories`, given as bits. */
function addCategories(set: RuneSet, categories: i32): void {
  let rune = 0;
  for (moveTo(RUNS); cursor < RUNS_END; rune += runLength) {
    readRun();
    if (runCategory == ALTERNATING) {
      for (let i = 0; i < runLength; ++i) {
        if ((categories >> ((i & 1) == 0 ? UPPERCASE : LOWERCASE)) & 1) set.add(rune + i, rune + i);
      }
    } else if ((categories >> runCategory) & 1) {
      set.add(rune, rune + runLength - 1);
    }
  }
}

/** Adds the runes of a script, given as its number. */
function addScript(set: RuneSet, script: i32): void {
  let rune = 0;
  let latest = 0;
  let runs = RUNS;
  for (let spans = SCRIPT_SPANS; spans < SCRIPT_SPANS_END;) {
    moveTo(spans);
    let count = readVarint();
    const number = readByte();
    spans = cursor;
    const isScript = (number == 0 ? ++latest : number) == script;
    for (moveTo(runs); count > 0; --count) {
      readRun();
      const hasScript = runCategory < SURROGATE || runCategory == ALTERNATING;
      if (isScript && hasScript) set.add(rune, rune + runLength - 1);
      rune += runLength;
    }
    runs = cursor;
  }
}

let runCategory: i32 = 0;
let runLength: i32 = 0;

/** Reads a run of runes of one category. */
function readRun(): void {
  const byte = readByte();
  runCategory = byte >> 3;
  runLength = byte & 7;
  if (runLength == 0) runLength = readVarint();
}
