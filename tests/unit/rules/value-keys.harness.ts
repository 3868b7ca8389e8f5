import "../../../assembly/abi/abort";
import { addressOf, Bytes, slice } from "../../../assembly/bytes/bytes";
import { Prefilter } from "../../../assembly/regex/prefilter";
import { Found } from "../../../assembly/regex/program";
import { checkRegex, compileRegex, Regex } from "../../../assembly/regex/regex";
import { PatternKeys, REGEXP_PREFIX } from "../../../assembly/rules/value-keys";

let keys = new PatternKeys(0);
let patterns: Regex[] = [];

/** Makes keys of texts such as `regexp:^a`, or `*`, and remembers their patterns; the limit of key i has the number i + 1. */
export function build(texts: ArrayBuffer[]): void {
  keys = new PatternKeys(texts.length);
  patterns = [];
  for (let i = 0; i < texts.length; ++i) {
    if (texts[i].byteLength == 1) {
      keys.addEveryValue(i, i + 1);
      continue;
    }
    const pattern = patternOf(texts[i]);
    patterns.push(compileRegex(pattern).regex!);
    keys.addPattern(i, texts[i], checkRegex(pattern).literal!, i + 1);
  }
}

function patternOf(text: Bytes): Bytes {
  return slice(text, REGEXP_PREFIX.byteLength, text.byteLength);
}

/** The key that is found for a value, or -1. */
export function find(value: ArrayBuffer): i32 {
  const key = keys.find(value);
  if (key >= 0) assert(keys.limitOf(key) == key + 1);
  return key;
}

/** The same by trying one pattern after the other. */
export function findByTrying(value: ArrayBuffer): i32 {
  for (let i = 0; i < patterns.length; ++i) {
    if (patterns[i].search(addressOf(value), value.byteLength) == Found.Match) return i;
  }
  return -1;
}

/** Which of `patterns`, all of which have a literal, the first `length` bytes of `text` may match. */
export function candidates(patterns: ArrayBuffer[], text: ArrayBuffer, length: i32): i32[] {
  const prefilter = new Prefilter(patterns.length);
  for (let i = 0; i < patterns.length; ++i) prefilter.add(i, checkRegex(patterns[i]).literal!);
  prefilter.begin(addressOf(text), length);
  const found: i32[] = [];
  for (let i = prefilter.next(); i >= 0; i = prefilter.next()) found.push(i);
  return found;
}
