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
import { CONSUMER_HEADER } from "../../request/http-facts";
import { CidrTable } from "../../net/cidr-table";
import { Cidr, parseCidr } from "../../net/cidr";
import { WHOLE_ADDRESS } from "../../net/address-text";
import { isOfModel, LimitBy, nameOf } from "../../rules/limit-by";
import { Subject } from "../../rules/match";
import { Lines, Questions } from "../../rules/questions";
import { AddressRuleItem, RuleItem, ValueRuleItem } from "../../rules/rule-item";
import { ValueKeys } from "../../rules/value-keys";
import { CounterKind } from "../../ledger/counter-kind";
import { RowFlag } from "../../ledger/row";
import { Counting } from "../../ledger/limit";
import { Reservation } from "../../ledger/reservation";
import { readReservation, RESERVATION } from "../../plugin/reserving";
import { readRowFlags, STRICTNESS_FIELDS } from "./config-enforcement";
import { checkTimeZone, COUNTING_FIELDS, readCounting } from "./config-limit";
import { LimitKeysReader, NO_BLOCK } from "./config-limit-keys";
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

const TRUSTED_PROXIES = "trusted_proxies";
const IPV6_PREFIX = "ipv6_prefix";
const ON_MISSING = "on_missing";
const ITEM_FIELDS = PRECEDENCE.map<string>((by) => textOf(nameOf(by)))
  .concat(["limit_keys", TRUSTED_PROXIES, IPV6_PREFIX, ON_MISSING, RESERVATION])
  .concat(COUNTING_FIELDS)
  .concat(STRICTNESS_FIELDS);

const API_KEY = bytesOf("api_key");
const MODEL = bytesOf("model");
const FROM_REMOTE_ADDR = bytesOf("from-remote-addr");
const FROM_HEADER_PREFIX = bytesOf("from-header-");

/** Reads `rule_items`. */
@final
export class RuleItemsReader {
  readonly items: RuleItem[] = [];
  /** How the calls of each item reserve what they may cost, by its position. */
  readonly reservations: Reservation[] = [];
  /** How strictly the limits of each item apply. */
  readonly flags: RowFlag[] = [];
  /** The questions of the items about a request. */
  readonly questions: Questions = new Questions();
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
    /** The header that a filter in front sets to the model; empty if there is none. */
    private readonly modelHeader: Bytes,
  ) {
    this.time = new PatternTime(problems);
    this.keys = new LimitKeysReader(problems, this.questions, this.time, counting);
  }

  /** @param list the elements of `rule_items` @param path the path of `rule_items` */
  read(list: JsonValue[], path: Path): void {
    if (list.length == 0) this.problems.error(path, "needs at least one item");
    for (let i = 0; i < list.length; ++i) {
      const fields = Fields.of(list[i], path.item(i), this.problems);
      if (fields === null) continue;
      this.readItem(fields, path, i);
      fields.warnOfOthers(ITEM_FIELDS);
    }
    this.keys.limits.complete();
    this.time.check(path);
  }

  private readItem(fields: Fields, list: Path, position: i32): void {
    const subject = this.readSubject(fields);
    const counting = readCounting(fields, this.counting);
    const isCalendar = counting.kind == CounterKind.Calendar;
    if (isCalendar) this.hasCalendar = true;
    checkTimeZone(fields, isCalendar);
    this.keys.counting = counting;
    const flags = readRowFlags(fields, this.rowFlags);
    const isShadow = (flags & RowFlag.Shadow) != 0;
    const reservation = readReservation(fields, this.reservation);
    this.flags.push(flags);
    this.reservations.push(isShadow ? reservation.watching : reservation);
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
    const isRequired = fields.choice(ON_MISSING, ["allow", "reject"]) == 1 && !isShadow;
    const prefix = <i32>fields.integer(IPV6_PREFIX, WHOLE_ADDRESS, 1, WHOLE_ADDRESS);
    if (by == LimitBy.PerIp) {
      const source = this.readSource(name, fields, fields.at(subject.field));
      const item = new Subject(by, name, position, isRequired);
      this.items.push(new AddressRuleItem(item, source, prefix, this.keys.readAddressKeys(keys, path)));
      return;
    }
    this.warnOfAddressField(TRUSTED_PROXIES, fields);
    this.warnOfAddressField(IPV6_PREFIX, fields);
    const question = this.questionOf(by, name);
    const values =
      by < LimitBy.PerHeader
        ? <ValueKeys>this.keys.readExactKeys(keys, path, subject.field, by, question)
        : <ValueKeys>this.keys.readPatternKeys(keys, path, subject.field);
    this.items.push(new ValueRuleItem(new Subject(by, name, position, isRequired), question, values));
  }

  private warnOfAddressField(name: string, fields: Fields): void {
    if (fields.has(name)) this.problems.warning(fields.at(name), "does nothing without limit_by_per_ip");
  }

  /** The number of the question that an item of this kind asks. */
  private questionOf(by: LimitBy, name: Bytes): i32 {
    switch (by) {
      case LimitBy.Param:
      case LimitBy.PerParam:
        return this.questions.param(name);
      case LimitBy.Cookie:
      case LimitBy.PerCookie:
        return this.questions.cookie(name);
      case LimitBy.ApiKey:
      case LimitBy.PerApiKey:
        this.questions.apiKey();
        return -1;
      case LimitBy.Model:
      case LimitBy.PerModel:
        this.questions.model(this.modelHeader);
        return -1;
      case LimitBy.Consumer:
      case LimitBy.PerConsumer:
        // Authentication filters of Higress add their line after those that the client sent.
        return this.questions.header(name, Lines.Last);
      default:
        return this.questions.header(name, Lines.Same);
    }
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
}

/** The name of what kinds look at whose field has no name for it; null for the others. */
function fixedNameOf(by: LimitBy): Bytes | null {
  if (by == LimitBy.Consumer || by == LimitBy.PerConsumer) return CONSUMER_HEADER;
  if (isOfModel(by)) return MODEL;
  return by == LimitBy.ApiKey || by == LimitBy.PerApiKey ? API_KEY : null;
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
