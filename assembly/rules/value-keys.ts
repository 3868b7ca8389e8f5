import { addressOf, Bytes } from "../bytes/bytes";
import { ByteTable } from "../bytes/table";
import { Regex } from "../regex/regex";
import { Limit } from "./limit";
import { LimitTable } from "./limit-table";

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
 * Regular expressions, tried one after the other, and `*` for every value. As in the published plugin, a value that
 * is the text of such a key itself (`regexp:^a`) matches that key too.
 */
@final
export class PatternKeys extends ValueKeys {
  private readonly texts: ByteTable;
  private readonly patterns: Regex[] = [];
  /** For each pattern the number of its limit. */
  private readonly ids: i32[] = [];
  /** The number of the limit of `*`, which ends the list, or -1. */
  private rest: i32 = -1;

  /** @param expected the number of keys to make room for */
  constructor(
    expected: i32,
    private readonly limits: LimitTable,
  ) {
    super();
    this.texts = new ByteTable(expected);
  }

  /**
   * @param text the whole key, `regexp:` included
   * @returns whether the key can match, which one after `*` or one that was added before cannot
   */
  addPattern(text: Bytes, pattern: Regex, limit: i32): bool {
    if (this.rest >= 0 || !this.texts.add(text, this.ids.length)) return false;
    this.patterns.push(pattern);
    this.ids.push(limit);
    return true;
  }

  /** Adds `*`; returns false if it was there already. */
  addEveryValue(limit: i32): bool {
    if (this.rest >= 0) return false;
    this.rest = limit;
    return true;
  }

  find(value: Bytes): Limit | null {
    const id = this.findId(value);
    return id < 0 ? null : this.limits.get(id);
  }

  private findId(value: Bytes): i32 {
    const count = this.patterns.length;
    if (count == 0) return this.rest;
    const ptr = addressOf(value);
    const literal = this.texts.find(ptr, value.byteLength);
    const end = literal < 0 ? count : literal;
    for (let i = 0; i < end; ++i) {
      if (this.patterns[i].search(ptr, value.byteLength)) return this.ids[i];
    }
    return literal < 0 ? this.rest : this.ids[literal];
  }
}
