import { addressOf, Bytes, bytesOf, copyOf, startsWith } from "../bytes/bytes";
import { ByteTable } from "../bytes/table";
import { Literal } from "../regex/literal";
import { Prefilter } from "../regex/prefilter";
import { compileRegex, Regex } from "../regex/regex";
import { Limit } from "./limit";
import { LimitTable } from "./limit-table";

/** What a key begins with that is a regular expression. */
export const REGEXP_PREFIX: Bytes = bytesOf("regexp:");

/** The place of a pattern that need not be compiled, because its literal is enough. */
const NOWHERE: u32 = 0;

/** The `limit_keys` of a rule item: which limit applies to which value. */
export abstract class ValueKeys {
  /** The limit of the first key, in configured order, that matches `value`. */
  abstract find(value: Bytes): Limit | null;
}

/** Keys that match the value equal to them, at the cost of one hash whatever their number. */
@final
export class ExactKeys extends ValueKeys {
  /** From a key to the number of its limit. */
  private readonly table: ByteTable;

  /** @param expected the number of keys to make room for */
  constructor(
    expected: i32,
    private readonly limits: LimitTable,
  ) {
    super();
    this.table = new ByteTable(expected);
  }

  /** @returns whether the key can match, which one that was added before cannot */
  add(text: Bytes, limit: i32): bool {
    return this.table.add(text, limit);
  }

  find(value: Bytes): Limit | null {
    const limit = this.table.find(addressOf(value), value.byteLength);
    return limit < 0 ? null : this.limits.get(limit);
  }
}

/**
 * Regular expressions, of which the first that matches counts, and `*` for every value. As in the published plugin, a
 * value that is the text of such a key itself (`regexp:^a`) matches that key too.
 *
 * Most patterns have a literal without which they cannot match. They are tried only if the value has it, and compiled
 * when they are tried first; some, such as `^team-7-`, need not even be tried then. Those without a literal are tried on
 * each value until an earlier one has matched.
 */
@final
export class PatternKeys extends ValueKeys {
  /** From the text of a key to its position. */
  private readonly texts: ByteTable;
  /** For each pattern the number of its limit; where `texts` keeps its text; and itself once it is compiled. */
  private readonly ids: StaticArray<i32>;
  private readonly places: StaticArray<u32>;
  private readonly patterns: StaticArray<Regex | null>;
  private count: i32 = 0;
  /** Finds the patterns that have a literal. */
  private readonly prefilter: Prefilter;
  /** The positions of the others, ascending. */
  private readonly others: i32[] = [];
  /** The number of the limit of `*`, which ends the list, or -1. */
  private rest: i32 = -1;

  /** @param capacity how many patterns there may be */
  constructor(
    capacity: i32,
    private readonly limits: LimitTable,
  ) {
    super();
    this.texts = new ByteTable(capacity);
    this.places = new StaticArray<u32>(capacity);
    this.ids = new StaticArray<i32>(capacity);
    this.patterns = new StaticArray<Regex | null>(capacity);
    this.prefilter = new Prefilter(capacity);
  }

  /**
   * @param text the whole key, `regexp:` included
   * @param literal what `checkRegex` found in its pattern
   * @returns whether the key can match, which one after `*` or one that was added before cannot
   */
  addPattern(text: Bytes, literal: Literal, limit: i32): bool {
    const position = this.count;
    const place = this.texts.end;
    if (this.rest >= 0 || !this.texts.add(text, position)) return false;
    this.places[position] = literal.isEnough ? NOWHERE : place;
    this.ids[position] = limit;
    ++this.count;
    if (literal.bytes.byteLength > 0) {
      this.prefilter.add(position, literal);
    } else {
      this.others.push(position);
      this.compile(position);
    }
    return true;
  }

  /** Adds `*`; returns false if it was there already. */
  addEveryValue(limit: i32): bool {
    if (this.rest >= 0) return false;
    this.rest = limit;
    return true;
  }

  find(value: Bytes): Limit | null {
    const position = this.count > 0 ? this.firstIn(value) : 0;
    const id = position < this.count ? this.ids[position] : this.rest;
    return id < 0 ? null : this.limits.get(id);
  }

  /** The first position that matches, or the number of patterns. */
  private firstIn(value: Bytes): i32 {
    const ptr = addressOf(value);
    const len = value.byteLength;
    let first = this.count;
    if (startsWith(value, REGEXP_PREFIX)) {
      const position = this.texts.find(ptr, len);
      if (position >= 0) first = position;
    }
    const prefilter = this.prefilter;
    prefilter.begin(ptr, len);
    for (let position = prefilter.next(); position >= 0; position = prefilter.next()) {
      if (position < first && this.matches(position, ptr, len)) first = position;
    }
    const others = this.others;
    for (let i = 0; i < others.length && others[i] < first; ++i) {
      if (this.matches(others[i], ptr, len)) first = others[i];
    }
    return first;
  }

  /** Whether a pattern matches; if it has a literal, this has been found. */
  private matches(position: i32, ptr: usize, len: i32): bool {
    if (this.places[position] == NOWHERE) return true;
    const known = this.patterns[position];
    const pattern = known !== null ? known : this.compile(position);
    return pattern !== null && pattern.search(ptr, len);
  }

  /** Compiles a pattern, which is known to be right. */
  private compile(position: i32): Regex | null {
    const place = this.places[position];
    const start = REGEXP_PREFIX.byteLength;
    const text = copyOf(this.texts.addressAt(place) + start, this.texts.lengthAt(place) - start);
    const pattern = compileRegex(text).regex;
    this.patterns[position] = pattern;
    return pattern;
  }
}
