import { decimalText } from "../../bytes/decimal";
import { addressOf, Bytes, bytesOf } from "../../bytes/bytes";
import { ByteTable } from "../../bytes/table";
import { textOf } from "../../bytes/utf8";
import { Fields } from "../../config/fields";
import { Path } from "../../config/path";
import { Problems } from "../../config/problems";
import { JsonValue } from "../../json/value";
import { WHOLE_ADDRESS } from "../../net/address-text";
import { LimitBy, nameOf } from "../../rules/limit-by";
import { Subject } from "../../rules/match";
import { Questions } from "../../rules/questions";
import { CombinedRuleItem } from "../../rules/combined-item";
import { AddressRuleItem, RuleItem, ValueRuleItem } from "../../rules/rule-item";
import { ValueKeys } from "../../rules/value-keys";
import { CounterKind } from "../../ledger/counter-kind";
import { RowFlag } from "../../ledger/row";
import { Counting } from "../../ledger/limit";
import { Reservation } from "../../ledger/reservation";
import { readReservation, RESERVATION } from "../../plugin/reserving";
import { effective, readRowFlags, STRICTNESS_FIELDS } from "./config-enforcement";
import { checkTimeZone, COUNTING_FIELDS, LIMIT_FIELDS, readCounting } from "./config-limit";
import { LimitKeysReader } from "./config-limit-keys";
import { MATCH, MatchReader } from "./config-match";
import { fixedNameOf, SubjectReader, TRUSTED_PROXIES } from "./config-subjects";
import { PatternTime } from "./config-pattern-time";

/** The `limit_by_*` fields in ascending precedence: if an item has several, the last one counts, as in the published plugin. */
const PRECEDENCE: LimitBy[] = [
  LimitBy.Header,
  LimitBy.Param,
  LimitBy.Cookie,
  LimitBy.PerHeader,
  LimitBy.PerParam,
  LimitBy.PerCookie,
  LimitBy.ApiKey,
  LimitBy.PerApiKey,
  LimitBy.Model,
  LimitBy.PerModel,
  LimitBy.Consumer,
  LimitBy.PerConsumer,
  LimitBy.PerIp,
];

const IPV6_PREFIX = "ipv6_prefix";
const ON_MISSING = "on_missing";
const ITEM_FIELDS = PRECEDENCE.map<string>((by) => textOf(nameOf(by)))
  .concat(["limit_keys", TRUSTED_PROXIES, IPV6_PREFIX, ON_MISSING, RESERVATION, MATCH])
  .concat(COUNTING_FIELDS)
  .concat(STRICTNESS_FIELDS);
const MATCH_ITEM_FIELDS = ITEM_FIELDS.concat(LIMIT_FIELDS);

/** Reads `rule_items`. */
@final
export class RuleItemsReader {
  readonly items: RuleItem[] = [];
  /** How calls under each item reserve what they may cost, by the position of the item. */
  readonly reservations: Reservation[] = [];
  /** How strictly the limits of each item apply. */
  readonly flags: RowFlag[] = [];
  private readonly subjects: SubjectReader;
  private readonly time: PatternTime;
  /** Reads their keys. */
  readonly keys!: LimitKeysReader;
  /** Whether the limits of some item count by the calendar. */
  hasCalendar: bool = false;
  /** The position in `rule_items` for each `limit_by_*` and name. */
  private readonly seen: ByteTable = new ByteTable();

  /** The `limit_by_*` field that an item probably should have; "" if that is not clear. */
  private meant: string = "";

  /** @param counting, reservation, rowFlags of items that do not say otherwise */
  constructor(
    private readonly problems: Problems,
    private readonly counting: Counting,
    private readonly reservation: Reservation,
    private readonly rowFlags: RowFlag,
    modelHeader: Bytes,
  ) {
    this.subjects = new SubjectReader(modelHeader);
    this.time = new PatternTime(problems);
    this.keys = new LimitKeysReader(problems, this.subjects.questions, this.time, counting);
  }

  /** The questions of the items about a request. */
  get questions(): Questions {
    return this.subjects.questions;
  }

  /** @param list the elements of `rule_items` @param path the path of `rule_items` */
  read(list: JsonValue[], path: Path): void {
    if (list.length == 0) this.problems.error(path, "needs at least one item");
    for (let i = 0; i < list.length; ++i) {
      const fields = Fields.of(list[i], path.item(i), this.problems);
      if (fields === null) continue;
      this.readItem(fields, path, i);
      fields.warnOfOthers(fields.has(MATCH) ? MATCH_ITEM_FIELDS : ITEM_FIELDS);
    }
    this.keys.limits.complete();
    this.time.check(path);
  }

  private readItem(fields: Fields, list: Path, position: i32): void {
    const counting = readCounting(fields, this.counting);
    const isCalendar = counting.kind == CounterKind.Calendar;
    if (isCalendar) this.hasCalendar = true;
    checkTimeZone(fields, isCalendar);
    this.keys.counting = counting;
    const flags = readRowFlags(fields, this.rowFlags);
    const isShadow = (flags & RowFlag.Shadow) != 0;
    const reservation = readReservation(fields, this.reservation);
    if (reservation.isOn) this.questions.body();
    this.flags.push(effective(flags));
    this.reservations.push(isShadow ? reservation.watching : reservation);
    if (fields.has(MATCH)) return this.readCombined(fields, list, position, isShadow);
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
    this.checkRepetition(bytesOf(subject.field + ":" + textOf(name)), fields.path, list, position);
    const isRequired = readIsRequired(fields) && !isShadow;
    const prefix = readPrefix(fields);
    if (by == LimitBy.PerIp) {
      const source = this.subjects.readSource(name, fields, fields.at(subject.field));
      const item = new Subject(by, name, position, isRequired);
      this.items.push(new AddressRuleItem(item, source, prefix, this.keys.readAddressKeys(keys, path)));
      return;
    }
    this.warnOfAddressField(TRUSTED_PROXIES, fields);
    this.warnOfAddressField(IPV6_PREFIX, fields);
    const question = this.subjects.questionOf(by, name);
    const values =
      by < LimitBy.PerHeader
        ? <ValueKeys>this.keys.readExactKeys(keys, path, subject.field, by, question)
        : <ValueKeys>this.keys.readPatternKeys(keys, path, subject.field);
    this.items.push(new ValueRuleItem(new Subject(by, name, position, isRequired), question, values));
  }

  /** Reads an item with `match`, whose limits stand beside it. */
  private readCombined(fields: Fields, list: Path, position: i32, isShadow: bool): void {
    for (let i = 0; i <= PRECEDENCE.length; ++i) {
      if (fields.has(ITEM_FIELDS[i]))
        this.problems.error(fields.at(ITEM_FIELDS[i]), "has no place beside match");
    }
    const limit = this.keys.readLimit(fields);
    const conditions = new MatchReader(fields, this.keys, this.subjects);
    const isRequired = readIsRequired(fields) && !isShadow;
    conditions.read(limit, position, isRequired, readPrefix(fields));
    const definition = conditions.definition;
    if (definition.byteLength > 0) this.checkRepetition(definition, fields.path, list, position);
    const subject = new Subject(LimitBy.Match, conditions.name, position, isRequired);
    this.items.push(new CombinedRuleItem(subject, conditions.conditions, limit));
  }

  private warnOfAddressField(name: string, fields: Fields): void {
    if (fields.has(name)) this.problems.warning(fields.at(name), "does nothing without limit_by_per_ip");
  }

  /** Reports mistakes in the keys of an item that has already been refused. */
  private checkKeys(keys: JsonValue[], path: Path): void {
    const field = this.meant;
    if (field.length == 0) {
      for (let i = 0; i < keys.length; ++i) this.keys.readKey(keys[i], path, i);
    } else if (field == textOf(nameOf(LimitBy.PerIp))) {
      this.keys.readAddressKeys(keys, path);
    } else if (field.startsWith("limit_by_per_")) {
      this.keys.readPatternKeys(keys, path, field);
    } else {
      this.keys.readExactKeys(keys, path, field, LimitBy.Param, -1);
    }
  }

  /**
   * The part of a request that the item compares.
   * @returns null, with an error, if there is none; then `meant` is the field that was probably intended
   */
  private readSubject(fields: Fields): NamedField | null {
    let winner: NamedField | null = null;
    let given = 0;
    for (let i = 0; i < PRECEDENCE.length; ++i) {
      const by = PRECEDENCE[i];
      const field = textOf(nameOf(by));
      const value = fields.get(field);
      if (value === null) continue;
      let name = fixedNameOf(by);
      if (name === null) name = fields.textOf(field, value);
      if (name === null) {
        this.meant = field;
        return null;
      }
      // An empty name does not count, unless it is the only one. Then it is reported.
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

  private checkRepetition(key: Bytes, path: Path, list: Path, position: i32): void {
    if (this.seen.add(key, position)) return;
    const first = list.item(this.seen.find(addressOf(key), key.byteLength));
    this.problems.warning(path, `looks at the same as ${first}`);
  }
}

function readIsRequired(fields: Fields): bool {
  return fields.choice(ON_MISSING, ["allow", "reject"]) == 1;
}

function readPrefix(fields: Fields): i32 {
  return <i32>fields.integer(IPV6_PREFIX, WHOLE_ADDRESS, 1, WHOLE_ADDRESS);
}

/** The part of a request that an item compares. */
@final
class NamedField {
  constructor(
    readonly by: LimitBy,
    /** The name of the field, such as `limit_by_header`. */
    readonly field: string,
    readonly name: Bytes,
  ) {}
}
