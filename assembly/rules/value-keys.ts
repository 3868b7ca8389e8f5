import { addressOf, Bytes, bytesOf, copyOf, EMPTY, startsWith } from "../bytes/bytes";
import { ByteTable } from "../bytes/table";
import { Literal } from "../regex/literal";
import { Prefilter } from "../regex/prefilter";
import { Found } from "../regex/program";
import { compileRegex, Regex } from "../regex/regex";

/** Keys that begin with this are regular expressions. */
export const REGEXP_PREFIX: Bytes = bytesOf("regexp:");

/** How many bytes of a value are searched for patterns, at most. */
export const MAX_SEARCHED: i32 = 4096;

/** In `places`: the pattern need not be compiled, because its literal decides. */
const NOWHERE: u32 = 0;

/** The `limit_keys` of a rule item: which limit applies to which value. Keys are numbered in configured order, from 0. */
export abstract class ValueKeys {
  /** For each key the number of its limit. */
  protected readonly ids: StaticArray<i32>;

  /** The text of the first key if keys match exactly; else empty. */
  first: Bytes = EMPTY;

  /** @param count how many keys there are, at least one */
  constructor(count: i32) {
    this.ids = new StaticArray<i32>(count);
  }

  /** The number of the first key, in configured order, that matches `value`, or -1. */
  abstract find(value: Bytes): i32;

  /** The number of the limit of a key that `find` has returned. */
  limitOf(key: i32): i32 {
    return this.ids[key];
  }
}

/** Keys that match exactly the value equal to them. A search costs one hash, however many keys there are. */
@final
export class ExactKeys extends ValueKeys {
  /** From the text of a key to its number. */
  private readonly table: ByteTable;

  constructor(count: i32) {
    super(count);
    this.table = new ByteTable(count);
  }

  /** @returns whether the key can match, which one that was added before cannot */
  add(key: i32, text: Bytes, limit: i32): bool {
    this.ids[key] = limit;
    if (key == 0) this.first = text;
    return this.table.add(text, key);
  }

  find(value: Bytes): i32 {
    return this.table.find(addressOf(value), value.byteLength);
  }
}

/**
 * Regular expressions, of which the first that matches applies, and `*`, which matches every value. As in the published plugin,
 * a value that is the text of a key itself (`regexp:^a`) matches that key too.
 *
 * Most patterns contain a literal without which they cannot match. They are tried only on values that contain it, and compiled
 * when they are first tried; some, such as `^team-7-`, need not even be tried then. Patterns without a literal are tried on
 * each value, up to the first match.
 *
 * Only the first `MAX_SEARCHED` bytes of a value are searched, as if it ended there. If no key matches, and some pattern might
 * match the whole value, the first such pattern applies. So nobody escapes a pattern by prepending enough to the value.
 */
@final
export class PatternKeys extends ValueKeys {
  /** From the text of a key to its number. */
  private readonly texts: ByteTable;
  /** For each pattern where `texts` keeps its text, and itself once it is compiled. */
  private readonly places: StaticArray<u32>;
  private readonly patterns: StaticArray<Regex | null>;
  /** Finds the patterns that have a literal. */
  private readonly prefilter: Prefilter;
  /** The numbers of the others, ascending. */
  private readonly others: i32[] = [];
  /** The first pattern whose literal may stand anywhere, or the number of keys. */
  private firstInner: i32;
  /** Where `*` stands, which ends the list, or -1. */
  private rest: i32 = -1;
  private isEmpty: bool = true;
  /** The first pattern of the last search that might match if the value went on, or the number of keys. */
  private undecided: i32 = 0;

  constructor(count: i32) {
    super(count);
    this.texts = new ByteTable(count);
    this.places = new StaticArray<u32>(count);
    this.patterns = new StaticArray<Regex | null>(count);
    this.prefilter = new Prefilter(count);
    this.firstInner = count;
  }

  /**
   * @param key its number, above those of the keys before
   * @param text the whole key, `regexp:` included
   * @param literal what `checkRegex` found in its pattern
   * @returns whether the key can match, which one after `*` or one that was added before cannot
   */
  addPattern(key: i32, text: Bytes, literal: Literal, limit: i32): bool {
    const place = this.texts.end;
    if (this.rest >= 0 || !this.texts.add(text, key)) return false;
    this.places[key] = literal.isEnough ? NOWHERE : place;
    this.ids[key] = limit;
    this.isEmpty = false;
    if (literal.bytes.byteLength > 0) {
      this.prefilter.add(key, literal);
      if (!literal.isPrefix) this.firstInner = min(this.firstInner, key);
    } else {
      this.others.push(key);
      this.compile(key);
    }
    return true;
  }

  /** Adds `*`; returns false if it was there already. */
  addEveryValue(key: i32, limit: i32): bool {
    if (this.rest >= 0) return false;
    this.rest = key;
    this.ids[key] = limit;
    return true;
  }

  find(value: Bytes): i32 {
    if (this.isEmpty) return this.rest;
    const length = searchedLength(value);
    const none = this.ids.length;
    const first = this.firstIn(value, length);
    if (first < none || this.rest >= 0) return first < none ? first : this.rest;
    const undecided = min(this.undecided, this.firstInner);
    return length < value.byteLength && undecided < none ? undecided : -1;
  }

  /** The first pattern that matches the first `len` bytes of a value, or the number of keys; sets `undecided`. */
  private firstIn(value: Bytes, len: i32): i32 {
    const ptr = addressOf(value);
    let first = this.ids.length;
    this.undecided = first;
    if (startsWith(value, REGEXP_PREFIX)) {
      const key = this.texts.find(ptr, value.byteLength);
      if (key >= 0) first = key;
    }
    const prefilter = this.prefilter;
    prefilter.begin(ptr, len);
    for (let key = prefilter.next(); key >= 0; key = prefilter.next()) {
      if (key < first && this.matches(key, ptr, len)) first = key;
    }
    const others = this.others;
    for (let i = 0; i < others.length && others[i] < first; ++i) {
      if (this.matches(others[i], ptr, len)) first = others[i];
    }
    return first;
  }

  /** Whether a pattern matches; if it has a literal, this has been found. */
  private matches(key: i32, ptr: usize, len: i32): bool {
    if (this.places[key] == NOWHERE) return true;
    const known = this.patterns[key];
    const pattern = known !== null ? known : this.compile(key);
    if (pattern === null) return false;
    const found = pattern.search(ptr, len);
    if (found == Found.NotYet) this.undecided = min(this.undecided, key);
    return found == Found.Match;
  }

  /** Compiles a pattern, which is known to be right. */
  private compile(key: i32): Regex | null {
    const place = this.places[key];
    const start = REGEXP_PREFIX.byteLength;
    const text = copyOf(this.texts.addressAt(place) + start, this.texts.lengthAt(place) - start);
    const pattern = compileRegex(text).regex;
    this.patterns[key] = pattern;
    return pattern;
  }
}

/** How much of a value is looked through; no rune is cut. */
function searchedLength(value: Bytes): i32 {
  let length = min(value.byteLength, MAX_SEARCHED);
  if (length == value.byteLength) return length;
  for (let i = 0; i < 3 && (load<u8>(addressOf(value) + length) & 0xc0) == 0x80; ++i) --length;
  return length;
}
