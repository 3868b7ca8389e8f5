import { addressOf, Bytes } from "../bytes/bytes";
import { ByteTable } from "../bytes/table";
import { Regex } from "../regex/regex";
import { Limit } from "./limit";

/** The `limit_keys` of a rule item: which limit applies to which value. */
export abstract class ValueKeys {
  /** The limit of the first key, in configured order, that matches `value`. */
  abstract find(value: Bytes): Limit | null;
}

/** Keys that match the value equal to them, at the cost of one hash whatever their number. */
@final
export class ExactKeys extends ValueKeys {
  private readonly table: ByteTable;
  private readonly limits: Limit[] = [];

  /** @param expected the number of keys to make room for */
  constructor(expected: i32) {
    super();
    this.table = new ByteTable(expected);
  }

  /** @returns whether the key can match, which one that was added before cannot */
  add(text: Bytes, limit: Limit): bool {
    if (!this.table.add(text, this.limits.length)) return false;
    this.limits.push(limit);
    return true;
  }

  find(value: Bytes): Limit | null {
    const position = this.table.find(addressOf(value), value.byteLength);
    return position < 0 ? null : this.limits[position];
  }
}

/**
 * Regular expressions, tried one after the other, and `*` for every value. As in the published plugin, a value that
 * is the text of such a key itself (`regexp:^a`) matches that key too.
 */
@final
export class PatternKeys extends ValueKeys {
  private readonly texts: ByteTable;
  private readonly patterns: Regex[] = [];
  private readonly limits: Limit[] = [];
  /** The limit of `*`, which ends the list. */
  private rest: Limit | null = null;

  /** @param expected the number of keys to make room for */
  constructor(expected: i32) {
    super();
    this.texts = new ByteTable(expected);
  }

  /**
   * @param text the whole key, `regexp:` included
   * @returns whether the key can match, which one after `*` or one that was added before cannot
   */
  addPattern(text: Bytes, pattern: Regex, limit: Limit): bool {
    if (this.rest !== null || !this.texts.add(text, this.limits.length)) return false;
    this.patterns.push(pattern);
    this.limits.push(limit);
    return true;
  }

  /** Adds `*`; returns false if it was there already. */
  addEveryValue(limit: Limit): bool {
    if (this.rest !== null) return false;
    this.rest = limit;
    return true;
  }

  find(value: Bytes): Limit | null {
    const count = this.patterns.length;
    if (count == 0) return this.rest;
    const ptr = addressOf(value);
    const literal = this.texts.find(ptr, value.byteLength);
    const end = literal < 0 ? count : literal;
    for (let i = 0; i < end; ++i) {
      if (this.patterns[i].search(ptr, value.byteLength)) return this.limits[i];
    }
    return literal < 0 ? this.rest : this.limits[literal];
  }
}
