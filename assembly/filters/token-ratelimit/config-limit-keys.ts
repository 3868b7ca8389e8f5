import { addressOf, Bytes, bytesOf, EMPTY, equals, slice, startsWith } from "../../bytes/bytes";
import { decimalText } from "../../bytes/decimal";
import { Fields } from "../../config/fields";
import { Path } from "../../config/path";
import { Problems } from "../../config/problems";
import { JsonValue } from "../../json/value";
import { Counting } from "../../ledger/limit";
import { LimitTable } from "../../ledger/limit-table";
import { Cidr, parseCidr } from "../../net/cidr";
import { checkRegex } from "../../regex/regex";
import { AMBIGUOUS } from "../../request/answers";
import { cookieText } from "../../request/cookie";
import { modelText } from "../../request/model-name";
import { keyOf } from "../../request/credentials";
import { headerText } from "../../request/header-facts";
import { paramText } from "../../request/query";
import { AddressKeys } from "../../rules/address-keys";
import { LimitBy } from "../../rules/limit-by";
import { PatternCosts } from "../../rules/pattern-costs";
import { Questions } from "../../rules/questions";
import { ExactKeys, PatternKeys, REGEXP_PREFIX } from "../../rules/value-keys";
import { counterCount, LIMIT_FIELDS, readLimit } from "./config-limit";
import { PatternTime } from "./config-pattern-time";

/** How fields begin whose keys are compared as a whole, and those whose keys are patterns. */
const EXACT = "limit_by_";
const PATTERNS = "limit_by_per_";
const KEY = "key";
const KEY_FIELDS = [KEY].concat(LIMIT_FIELDS);
export const EVERY_VALUE = bytesOf("*");
export const NO_BLOCK = "must be an IP address or a block of them, such as 10.0.0.0/8";
const NEVER_MATCHES = "matches nothing, because blanks do not count in a value";
const NEVER_APPLIES = "never applies, because earlier keys take all it could match";

/** Reads `limit_keys`: the keys with which a rule item compares values, and the limit of each. */
@final
export class LimitKeysReader {
  /** The limits of all keys. */
  readonly limits: LimitTable = new LimitTable();
  /** The largest number of counters of one limit. */
  mostCounters: i32 = 0;
  /** The field that has a key. */
  field: string = KEY;
  /** The position of the first key in its list. */
  first: i32 = 0;
  /** The limit of all keys, if they have none of their own; else -1. */
  limit: i32 = -1;

  /** @param counting how the limits of the item that is being read count */
  constructor(
    private readonly problems: Problems,
    private readonly questions: Questions,
    private readonly time: PatternTime,
    public counting: Counting,
  ) {}

  /** Keys that are compared as a whole. @param question the number of the item's question */
  readExactKeys(list: JsonValue[], path: Path, field: string, by: LimitBy, question: i32): ExactKeys {
    const keys = new ExactKeys(list.length);
    for (let i = 0; i < list.length; ++i) {
      const key = this.readKey(list[i], path, i);
      if (key === null) continue;
      if (equals(key.text, EVERY_VALUE) || startsWith(key.text, REGEXP_PREFIX)) {
        const per = PATTERNS + field.substring(EXACT.length);
        key.warning(`is compared literally; patterns are for ${per}`);
      }
      const text = this.keyText(by, question, key.text);
      if (text.byteLength == 0) key.warning(NEVER_MATCHES);
      else if (!keys.add(i, text, key.limit)) key.warning(NEVER_APPLIES);
    }
    return keys;
  }

  /** Keys that are patterns. */
  readPatternKeys(list: JsonValue[], path: Path, field: string): PatternKeys {
    const keys = new PatternKeys(list.length);
    const costs = new PatternCosts();
    for (let i = 0; i < list.length; ++i) {
      const key = this.readKey(list[i], path, i);
      if (key === null) continue;
      let applies = true;
      if (equals(key.text, EVERY_VALUE)) {
        applies = keys.addEveryValue(i, key.limit);
      } else if (startsWith(key.text, REGEXP_PREFIX)) {
        const start = REGEXP_PREFIX.byteLength;
        const pattern = slice(key.text, start, key.text.byteLength);
        const check = checkRegex(pattern);
        const literal = check.literal;
        if (literal !== null) applies = keys.addPattern(i, key.text, literal, key.limit);
        if (literal !== null && applies) costs.add(i, pattern, check);
        if (literal === null)
          key.error(
            `is not a regular expression of RE2 syntax: ${check.reason}, at byte ${decimalText(start + check.offset)}`,
          );
      } else {
        const exact = EXACT + field.substring(PATTERNS.length);
        key.error(`must be "*" or begin with "regexp:"; single values are for ${exact}`);
      }
      if (!applies) key.warning(NEVER_APPLIES);
    }
    this.time.add(costs, path, this.first, this.field);
    return keys;
  }

  /** Keys that are blocks of addresses. */
  readAddressKeys(list: JsonValue[], path: Path): AddressKeys {
    const read: LimitKey[] = [];
    const blocks: Cidr[] = [];
    const ids = new StaticArray<i32>(list.length);
    for (let i = 0; i < list.length; ++i) {
      const key = this.readKey(list[i], path, i);
      if (key === null) continue;
      const block = parseCidr(key.text);
      if (block === null) {
        key.error(NO_BLOCK);
        continue;
      }
      ids[read.length] = key.limit;
      read.push(key);
      blocks.push(block);
    }
    const keys = new AddressKeys(blocks, ids);
    const reachable = keys.reachable();
    for (let i = 0; i < read.length; ++i) {
      if (!reachable[i]) read[i].warning(NEVER_APPLIES);
    }
    return keys;
  }

  /** Reads one key. @returns null if it cannot be read */
  readKey(value: JsonValue, list: Path, position: i32): LimitKey | null {
    const fields = Fields.ofElement(value, list, this.first + position, this.problems);
    if (fields === null) return null;
    const text = fields.requiredText(this.field, "the value that the limits are for");
    let limit = this.limit;
    if (limit < 0) {
      limit = this.readLimit(fields);
      fields.warnOfOthers(KEY_FIELDS);
    }
    return text.byteLength == 0 ? null : new LimitKey(text, limit, fields, this.field);
  }

  /** Reads the limits of an object. @returns their number */
  readLimit(fields: Fields): i32 {
    const limit = readLimit(fields, this.limits, this.counting);
    this.mostCounters = max(this.mostCounters, counterCount);
    return limit;
  }

  /** A key in the form in which values are compared. */
  private keyText(by: LimitBy, question: i32, text: Bytes): Bytes {
    if (by == LimitBy.Param) return paramText(text);
    const start = addressOf(text);
    if (by == LimitBy.Cookie) return cookieText(start, start + text.byteLength);
    if (by == LimitBy.ApiKey) {
      const key = keyOf(paramText(text), false);
      return key === AMBIGUOUS ? text : key;
    }
    if (by == LimitBy.Model) {
      const model = modelText(addressOf(text), text.byteLength);
      return model !== null ? model : EMPTY;
    }
    const form = headerText(start, text.byteLength, this.questions.headers[question].isCredentials);
    return form === AMBIGUOUS ? text : form;
  }
}

/** One of `limit_keys`. */
@final
class LimitKey {
  constructor(
    readonly text: Bytes,
    /** The number of its limit. */
    readonly limit: i32,
    private readonly fields: Fields,
    private readonly field: string,
  ) {}

  error(message: string): void {
    this.fields.problems.error(this.fields.at(this.field), message);
  }

  warning(message: string): void {
    this.fields.problems.warning(this.fields.at(this.field), message);
  }
}
