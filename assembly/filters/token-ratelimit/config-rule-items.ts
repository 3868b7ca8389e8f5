import { decimalText } from "../../bytes/decimal";
import { NUL } from "../../bytes/ascii";
import { ByteBuilder } from "../../bytes/builder";
import { addressOf, Bytes, bytesOf, EMPTY, equals, slice, startsWith } from "../../bytes/bytes";
import { ByteTable } from "../../bytes/table";
import { textOf } from "../../bytes/utf8";
import { Fields } from "../../config/fields";
import { Path } from "../../config/path";
import { Problems } from "../../config/problems";
import { found, textOfScalar } from "../../config/scalar";
import { JsonValue } from "../../json/value";
import { checkRegex } from "../../regex/regex";
import { cookieText } from "../../request/cookie";
import { AMBIGUOUS } from "../../request/answers";
import { CONSUMER_HEADER, headerText } from "../../request/http-facts";
import { paramText } from "../../request/query";
import { AddressKeys } from "../../rules/address-keys";
import { CidrTable } from "../../net/cidr-table";
import { Cidr, parseCidr } from "../../net/cidr";
import { WHOLE_ADDRESS } from "../../net/address-text";
import { LimitBy, nameOf } from "../../rules/limit-by";
import { LimitTable } from "../../ledger/limit-table";
import { Subject } from "../../rules/match";
import { MAX_COMPILED, PatternCosts } from "../../rules/pattern-costs";
import { Lines, Questions } from "../../rules/questions";
import { AddressRuleItem, RuleItem, ValueRuleItem } from "../../rules/rule-item";
import { ExactKeys, PatternKeys, REGEXP_PREFIX, ValueKeys } from "../../rules/value-keys";
import { LIMIT_FIELDS, readLimit, windowCount } from "./config-limit";

/** Ascending precedence: of several `limit_by_*` fields in one item, the last one here counts, as published. */
const PRECEDENCE: LimitBy[] = [
  LimitBy.Header,
  LimitBy.Param,
  LimitBy.Cookie,
  LimitBy.PerHeader,
  LimitBy.PerParam,
  LimitBy.PerCookie,
  LimitBy.Consumer,
  LimitBy.PerConsumer,
  LimitBy.PerIp,
];

const TRUSTED_PROXIES = "trusted_proxies";
const IPV6_PREFIX = "ipv6_prefix";
const ON_MISSING = "on_missing";
const ITEM_FIELDS = PRECEDENCE.map<string>((by) => textOf(nameOf(by))).concat([
  "limit_keys",
  TRUSTED_PROXIES,
  IPV6_PREFIX,
  ON_MISSING,
]);
const KEY_FIELDS = ["key"].concat(LIMIT_FIELDS);

const EVERY_VALUE = bytesOf("*");
const FROM_REMOTE_ADDR = bytesOf("from-remote-addr");
const FROM_HEADER_PREFIX = bytesOf("from-header-");

const NO_BLOCK = "must be an IP address or a block of them, such as 10.0.0.0/8";
/** What the patterns of a configuration may take of a worker's time for one request: above it there is a warning. */
const MUCH_TIME: i64 = 1_000_000;
/** Above this, the configuration is refused. */
const TOO_MUCH_TIME: i64 = 1_000_000_000;

const NEVER_MATCHES = "matches nothing, because blanks do not count in a value";
const NEVER_APPLIES = "never applies, because earlier keys take all it could match";

/** Reads `rule_items`. */
@final
export class RuleItemsReader {
  readonly items: RuleItem[] = [];
  /** What they ask about a request. */
  readonly questions: Questions = new Questions();
  /** The largest number of windows in one limit. */
  mostWindows: i32 = 0;
  /** The limits of all keys. */
  readonly limits: LimitTable = new LimitTable();
  /** What the patterns of each item may take, and where its keys are. */
  private readonly costs: PatternCosts[] = [];
  private readonly costPaths: Path[] = [];
  /** Position in `rule_items` by `limit_by_*` and name. */
  private readonly seen: ByteTable = new ByteTable();

  /** The `limit_by_*` field that an item was probably to have; "" if nobody can tell. */
  private meant: string = "";

  constructor(private readonly problems: Problems) {}

  /** @param list the elements of `rule_items`, which is at `path` */
  read(list: JsonValue[], path: Path): void {
    if (list.length == 0) this.problems.error(path, "needs at least one item");
    for (let i = 0; i < list.length; ++i) {
      const fields = Fields.of(list[i], path.item(i), this.problems);
      if (fields === null) continue;
      this.readItem(fields, path, i);
      fields.warnOfOthers(ITEM_FIELDS);
    }
    this.limits.complete();
    this.checkTime(path);
  }

  /** One value may be tried with the patterns of all items. */
  private checkTime(path: Path): void {
    if (this.worstTime() <= MUCH_TIME) return;
    // What is suspected is worth knowing.
    let left = MAX_COMPILED;
    for (let i = 0; i < this.costs.length; ++i) left -= this.costs[i].learn(left);
    const worst = this.worstTime();
    if (worst <= MUCH_TIME) return;
    let certain: i64 = 0;
    let dearest = 0;
    for (let i = 0; i < this.costs.length; ++i) {
      certain += this.costs[i].certain;
      if (this.timeOfDearest(i) > this.timeOfDearest(dearest)) dearest = i;
    }
    const key = this.costPaths[dearest].item(this.costs[dearest].dearest).field("key");
    const most = `most of it, ${inMilliseconds(this.timeOfDearest(dearest))}, ${key}`;
    const cost = `have patterns that may take about ${inMilliseconds(worst)} of a worker for one request, ${most}`;
    if (certain <= TOO_MUCH_TIME) this.problems.warning(path, `${cost}; counted repetitions cost most`);
    else this.problems.error(path, `${cost}; at most ${inMilliseconds(TOO_MUCH_TIME)} are allowed`);
  }

  private worstTime(): i64 {
    let sum: i64 = 0;
    for (let i = 0; i < this.costs.length; ++i) sum += this.costs[i].worst;
    return sum;
  }

  private timeOfDearest(item: i32): i64 {
    return this.costs[item].ofKey(this.costs[item].dearest);
  }

  private readItem(fields: Fields, list: Path, position: i32): void {
    const subject = this.readSubject(fields);
    const keys = fields.listOfObjects("limit_keys");
    const path = fields.at("limit_keys");
    if (keys.length == 0) this.problems.error(path, "needs at least one key");
    if (subject === null) {
      this.checkKeys(keys, path);
      return;
    }

    const by = subject.by;
    const name = subject.name;
    this.checkRepetition(subject, fields.path, list, position);
    const isRequired = fields.choice(ON_MISSING, ["allow", "reject"]) == 1;
    const prefix = <i32>fields.integer(IPV6_PREFIX, WHOLE_ADDRESS, 1, WHOLE_ADDRESS);
    if (by == LimitBy.PerIp) {
      const source = this.readSource(name, fields, fields.at(subject.field));
      const item = new Subject(by, name, position, isRequired);
      this.items.push(new AddressRuleItem(item, source, prefix, this.readAddressKeys(keys, path)));
      return;
    }
    this.warnOfAddressField(TRUSTED_PROXIES, fields);
    this.warnOfAddressField(IPV6_PREFIX, fields);
    const question = this.questionOf(by, name);
    const values =
      by < LimitBy.PerHeader
        ? <ValueKeys>this.readExactKeys(keys, path, subject.field, by, question)
        : <ValueKeys>this.readPatternKeys(keys, path, subject.field);
    this.items.push(new ValueRuleItem(new Subject(by, name, position, isRequired), question, values));
  }

  private warnOfAddressField(name: string, fields: Fields): void {
    if (fields.has(name)) this.problems.warning(fields.at(name), "does nothing without limit_by_per_ip");
  }

  /** The number of what an item of this kind asks. */
  private questionOf(by: LimitBy, name: Bytes): i32 {
    switch (by) {
      case LimitBy.Param:
      case LimitBy.PerParam:
        return this.questions.param(name);
      case LimitBy.Cookie:
      case LimitBy.PerCookie:
        return this.questions.cookie(name);
      case LimitBy.Consumer:
      case LimitBy.PerConsumer:
        // Authentication filters of Higress add theirs behind what the client sent.
        return this.questions.header(name, Lines.Last);
      default:
        return this.questions.header(name, Lines.Same);
    }
  }

  /** A key in the form that values are compared in. */
  private keyText(by: LimitBy, question: i32, text: Bytes): Bytes {
    if (by == LimitBy.Param) return paramText(text);
    const start = addressOf(text);
    if (by == LimitBy.Cookie) return cookieText(start, start + text.byteLength);
    const form = headerText(start, text.byteLength, this.questions.headers[question].isCredentials);
    return form === AMBIGUOUS ? text : form;
  }

  /** Looks for mistakes in the keys of an item that is refused already. */
  private checkKeys(keys: JsonValue[], path: Path): void {
    const field = this.meant;
    if (field.length == 0) {
      for (let i = 0; i < keys.length; ++i) this.readKey(keys[i], path, i);
    } else if (field == textOf(nameOf(LimitBy.PerIp))) {
      this.readAddressKeys(keys, path);
    } else if (field.startsWith("limit_by_per_")) {
      this.readPatternKeys(keys, path, field);
    } else {
      this.readExactKeys(keys, path, field, LimitBy.Param, -1);
    }
  }

  /** What the item looks at; null, and an error, if that is nothing. Then `meant` is the field that it might have been. */
  private readSubject(fields: Fields): NamedField | null {
    let winner: NamedField | null = null;
    let given = 0;
    for (let i = 0; i < PRECEDENCE.length; ++i) {
      const by = PRECEDENCE[i];
      const field = textOf(nameOf(by));
      const value = fields.get(field);
      if (value === null) continue;
      let name: Bytes | null = CONSUMER_HEADER;
      if (by != LimitBy.Consumer && by != LimitBy.PerConsumer) name = fields.textOf(field, value);
      if (name === null) {
        this.meant = field;
        return null;
      }
      // An empty name does not count, unless it is the only one, as which it is reported.
      if (name.byteLength > 0) ++given;
      if (name.byteLength > 0 || winner === null) winner = new NamedField(by, field, name);
    }
    if (winner === null) {
      const names = ITEM_FIELDS.slice(0, PRECEDENCE.length);
      this.problems.error(fields.path, `needs one of ${names.join(", ")}`);
      this.meant = fields.misspelt(names, ITEM_FIELDS);
    } else if (given == 0) {
      this.problems.error(fields.at(winner.field), "is empty; it says what to look at");
    } else if (given > 1) {
      const message = `has ${decimalText(given)} limit_by_ fields, of which only ${winner.field} counts`;
      this.problems.warning(fields.path, message);
    }
    return winner;
  }

  private checkRepetition(subject: NamedField, path: Path, list: Path, position: i32): void {
    const key = bytesOf(subject.field + ":" + textOf(subject.name));
    if (this.seen.add(key, position)) return;
    const first = list.item(this.seen.find(addressOf(key), key.byteLength));
    this.problems.warning(path, `looks at the same as ${first}`);
  }

  /** The number of the address that `text` names. */
  private readSource(text: Bytes, fields: Fields, path: Path): i32 {
    const trusted = this.readTrustedProxies(fields);
    if (equals(text, FROM_REMOTE_ADDR)) {
      if (trusted !== null) {
        this.problems.warning(fields.at(TRUSTED_PROXIES), "does nothing with from-remote-addr");
      }
      return this.questions.address(null, null, text);
    }
    const header = startsWith(text, FROM_HEADER_PREFIX)
      ? slice(text, FROM_HEADER_PREFIX.byteLength, text.byteLength)
      : EMPTY;
    if (header.byteLength == 0) {
      this.problems.error(path, "must be from-remote-addr or from-header-<name of a header>");
    }
    const proxies = fields.get(TRUSTED_PROXIES);
    const description = new ByteBuilder(64).bytes(text).byte(NUL);
    if (trusted !== null && proxies !== null) description.bytes(proxies.raw);
    return this.questions.address(header, trusted, description.toBytes());
  }

  /** `trusted_proxies`, or null if there are none. */
  private readTrustedProxies(fields: Fields): CidrTable | null {
    const list = fields.list(TRUSTED_PROXIES);
    const blocks: Cidr[] = [];
    for (let i = 0; i < list.length; ++i) {
      const text = textOfScalar(list[i]);
      let block: Cidr | null = null;
      if (text !== null) block = parseCidr(text);
      if (block !== null) blocks.push(block);
      else this.problems.error(fields.at(TRUSTED_PROXIES).item(i), NO_BLOCK + found(list[i]));
    }
    return list.length > 0 ? new CidrTable(blocks) : null;
  }

  private readExactKeys(list: JsonValue[], path: Path, field: string, by: LimitBy, question: i32): ExactKeys {
    const keys = new ExactKeys(list.length);
    for (let i = 0; i < list.length; ++i) {
      const key = this.readKey(list[i], path, i);
      if (key === null) continue;
      if (equals(key.text, EVERY_VALUE) || startsWith(key.text, REGEXP_PREFIX)) {
        const per = field.replace("limit_by_", "limit_by_per_");
        key.warning(`is compared literally; patterns are for ${per}`);
      }
      const text = this.keyText(by, question, key.text);
      if (text.byteLength == 0) key.warning(NEVER_MATCHES);
      else if (!keys.add(i, text, key.limit)) key.warning(NEVER_APPLIES);
    }
    return keys;
  }

  private readPatternKeys(list: JsonValue[], path: Path, field: string): PatternKeys {
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
        const exact = field.replace("limit_by_per_", "limit_by_");
        key.error(`must be "*" or begin with "regexp:"; single values are for ${exact}`);
      }
      if (!applies) key.warning(NEVER_APPLIES);
    }
    this.costs.push(costs);
    this.costPaths.push(path);
    return keys;
  }

  private readAddressKeys(list: JsonValue[], path: Path): AddressKeys {
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

  private readKey(value: JsonValue, list: Path, position: i32): LimitKey | null {
    const fields = Fields.ofElement(value, list, position, this.problems);
    if (fields === null) return null;
    const text = fields.requiredText("key", "the value that the limits are for");
    const limit = readLimit(fields, this.limits);
    this.mostWindows = max(this.mostWindows, windowCount);
    fields.warnOfOthers(KEY_FIELDS);
    return text.byteLength == 0 ? null : new LimitKey(text, limit, fields);
  }
}

/** What of a request an item looks at. */
@final
class NamedField {
  constructor(
    readonly by: LimitBy,
    /** `limit_by_header` and so on. */
    readonly field: string,
    readonly name: Bytes,
  ) {}
}

/** One of `limit_keys`. */
@final
class LimitKey {
  constructor(
    readonly text: Bytes,
    /** The number of its limit. */
    readonly limit: i32,
    private readonly fields: Fields,
  ) {}

  error(message: string): void {
    this.fields.problems.error(this.fields.at("key"), message);
  }

  warning(message: string): void {
    this.fields.problems.warning(this.fields.at("key"), message);
  }
}

/** "12 ms" and, below ten, "1.2 ms". */
function inMilliseconds(nanoseconds: i64): string {
  const tenths = (nanoseconds + 50_000) / 100_000;
  return tenths < 100
    ? `${decimalText(tenths / 10)}.${decimalText(tenths % 10)} ms`
    : `${decimalText((tenths + 5) / 10)} ms`;
}
