import { COLON } from "../../bytes/ascii";
import { ByteBuilder } from "../../bytes/builder";
import { addressOf, Bytes, bytesOf, EMPTY, equals, startsWith } from "../../bytes/bytes";
import { writeHex } from "../../bytes/hex";
import { sha256 } from "../../bytes/sha256";
import { Fields } from "../../config/fields";
import { textOfScalar } from "../../config/scalar";
import { JsonValue } from "../../json/value";
import { Condition } from "../../rules/combined-item";
import { LimitBy } from "../../rules/limit-by";
import { Subject } from "../../rules/match";
import { AddressRuleItem, RuleItem, ValueRuleItem } from "../../rules/rule-item";
import { REGEXP_PREFIX, ValueKeys } from "../../rules/value-keys";
import { EVERY_VALUE, LimitKeysReader } from "./config-limit-keys";
import { fixedNameOf, SubjectReader } from "./config-subjects";

export const MATCH = "match";
const VALUE = "value";
const FROM = "from";
/** What a condition may look at. The first three have names, and a `value` beside them. */
const KINDS: string[] = ["header", "param", "cookie", "consumer", "api_key", "model", "ip"];
const NAMED: i32 = 3;
const IP: i32 = 6;
const FIELDS = KINDS.concat([VALUE, FROM]);
/** By the same numbers: the kinds of rules that compare with exact values, and those with patterns. */
const EXACT: LimitBy[] = [
  LimitBy.Header,
  LimitBy.Param,
  LimitBy.Cookie,
  LimitBy.Consumer,
  LimitBy.ApiKey,
  LimitBy.Model,
  LimitBy.PerIp,
];
const PATTERNS: LimitBy[] = [
  LimitBy.PerHeader,
  LimitBy.PerParam,
  LimitBy.PerCookie,
  LimitBy.PerConsumer,
  LimitBy.PerApiKey,
  LimitBy.PerModel,
  LimitBy.PerIp,
];
const REMOTE = bytesOf("from-remote-addr");
/** How many bytes of the hash of a `match` name its counters. */
const NAME_BYTES: i32 = 8;

/** Reads `match`: the conditions that must all hold for a rule item to apply. */
@final
export class MatchReader {
  readonly conditions: Condition[] = [];
  private readonly text: ByteBuilder = new ByteBuilder(128);

  constructor(
    private readonly fields: Fields,
    private readonly keys: LimitKeysReader,
    private readonly subjects: SubjectReader,
  ) {}

  /** What all conditions say, unambiguously: each part has its length in front. */
  get definition(): Bytes {
    return this.text.toBytes();
  }

  /** What the counters are named after: a hash of the definition, because that may have any length. */
  get name(): Bytes {
    const definition = this.definition;
    const name = new ArrayBuffer(2 * NAME_BYTES);
    writeHex(addressOf(name), sha256(addressOf(definition), definition.byteLength), NAME_BYTES);
    return name;
  }

  /** @param limit the number of the item's limit @param position of the item @param ipv6Prefix see `AddressRuleItem` */
  read(limit: i32, position: i32, isRequired: bool, ipv6Prefix: i32): void {
    const list = this.fields.listOfObjects(MATCH);
    const path = this.fields.at(MATCH);
    const keys = this.keys;
    if (list.length == 0) this.fields.problems.error(path, "needs at least one condition");
    for (let i = 0; i < list.length; ++i) {
      const fields = Fields.ofElement(list[i], path, i, this.fields.problems);
      if (fields === null) continue;
      keys.first = i;
      keys.limit = limit;
      this.readCondition(fields, list[i], position, isRequired, ipv6Prefix);
      fields.warnOfOthers(FIELDS);
    }
    keys.first = 0;
    keys.limit = -1;
    keys.field = "key";
  }

  private readCondition(
    fields: Fields,
    value: JsonValue,
    position: i32,
    isRequired: bool,
    ipv6Prefix: i32,
  ): void {
    const kind = this.kindOf(fields);
    if (kind < 0) return;
    const keys = this.keys;
    const path = this.fields.at(MATCH);
    keys.field = kind < NAMED ? VALUE : KINDS[kind];
    const given = fields.get(keys.field);
    const scalar = given !== null ? textOfScalar(given) : null;
    const text: Bytes = scalar !== null ? scalar : EMPTY;
    const splits = kind == IP || equals(text, EVERY_VALUE) || startsWith(text, REGEXP_PREFIX);
    const by = splits ? PATTERNS[kind] : EXACT[kind];
    const fixed = kind == IP ? REMOTE : fixedNameOf(by);
    let name: Bytes = fixed !== null ? fixed : EMPTY;
    if (kind < NAMED) name = fields.requiredText(KINDS[kind], "what to look at");
    else if (kind == IP && fields.has(FROM)) name = fields.text(FROM);
    this.add(bytesOf(KINDS[kind]));
    this.add(name);
    this.add(text);
    const subject = new Subject(by, name, position, isRequired);
    let item: RuleItem;
    if (kind == IP) {
      const source = this.subjects.readSource(name, this.fields, fields.at(FROM));
      item = new AddressRuleItem(subject, source, ipv6Prefix, keys.readAddressKeys([value], path));
    } else {
      const question = this.subjects.questionOf(by, name);
      const values = splits
        ? <ValueKeys>keys.readPatternKeys([value], path, "")
        : <ValueKeys>keys.readExactKeys([value], path, "", by, question);
      item = new ValueRuleItem(subject, question, values);
    }
    this.conditions.push(new Condition(item, splits));
  }

  /** Which of `KINDS` a condition is; -1, with an error, if that is not clear. */
  private kindOf(fields: Fields): i32 {
    let kind = -1;
    let count = 0;
    for (let i = 0; i < KINDS.length; ++i) {
      if (!fields.has(KINDS[i])) continue;
      kind = i;
      ++count;
    }
    if (count != 1) fields.problems.error(fields.path, `needs exactly one of ${KINDS.join(", ")}`);
    if (count == 1 && kind >= NAMED && fields.has(VALUE)) this.warn(fields, VALUE);
    if (count == 1 && kind != IP && fields.has(FROM)) this.warn(fields, FROM);
    return count == 1 ? kind : -1;
  }

  private warn(fields: Fields, field: string): void {
    fields.problems.warning(fields.at(field), "does nothing here");
  }

  private add(part: Bytes): void {
    this.text.decimal(part.byteLength).byte(COLON).bytes(part);
  }
}
