import { decimalText } from "../bytes/decimal";
import { Bytes, EMPTY } from "../bytes/bytes";
import { textOf } from "../bytes/utf8";
import { JsonValue } from "../json/value";
import { JsonType } from "../json/values";
import { nearest } from "./nearest";
import { Path } from "./path";
import { Problems } from "./problems";
import { found, integerOf, isInteger, kindOf, literalText, textOfScalar } from "./scalar";

/**
 * Reads the members of one object of the configuration and reports problems. It always returns a usable value, so that reading
 * continues and finds the next problem. Names of fields are ASCII.
 */
@final
export class Fields {
  constructor(
    private readonly object: JsonValue,
    private readonly parent: Path,
    readonly problems: Problems,
    private readonly index: i32 = -1,
  ) {}

  /** The fields of `value`. @returns null, with an error, if it is not an object */
  static of(value: JsonValue, path: Path, problems: Problems): Fields | null {
    if (value.type == JsonType.Object) return new Fields(value, path, problems);
    problems.error(path, `must be an object, is ${kindOf(value)}`);
    return null;
  }

  /** The same for the element at `index` of the list at `path`. */
  static ofElement(value: JsonValue, path: Path, index: i32, problems: Problems): Fields | null {
    if (value.type == JsonType.Object) return new Fields(value, path, problems, index);
    problems.error(path.item(index), `must be an object, is ${kindOf(value)}`);
    return null;
  }

  /** The path of the object. Created on demand, because most of ten thousand elements have no problem. */
  get path(): Path {
    return this.index < 0 ? this.parent : this.parent.item(this.index);
  }

  /** The path of a field. */
  at(name: string): Path {
    return this.path.field(name);
  }

  /** The field `name`, or null if it is missing. If it is there twice, the first one counts. */
  get(name: string): JsonValue | null {
    return this.object.get(name);
  }

  /** Whether there is a field `name`, even if it is null. */
  has(name: string): bool {
    return this.get(name) !== null;
  }

  /** The text of a field: a string, a number as in the source, or a boolean. Empty if the field is null or missing. */
  text(name: string): Bytes {
    const value = this.get(name);
    if (value === null) return EMPTY;
    const text = this.textOf(name, value);
    return text === null ? EMPTY : text;
  }

  /** The same for a field that must not be empty. @param expected what belongs there, for the message */
  requiredText(name: string, expected: string): Bytes {
    const value = this.get(name);
    let text: Bytes | null = EMPTY;
    if (value !== null) text = this.textOf(name, value);
    if (text === null) return EMPTY;
    if (text.byteLength == 0) {
      this.problems.error(
        this.at(name),
        `is ${value === null ? "missing" : "empty"}; ${expected} is expected`,
      );
    }
    return text;
  }

  /** The text of `value`, the value of field `name`. @returns null, with an error, for a list or an object */
  textOf(name: string, value: JsonValue): Bytes | null {
    const text = textOfScalar(value);
    if (text === null) {
      this.problems.error(this.at(name), `must be a string, is ${kindOf(value)}`);
    } else if (value.type == JsonType.Number && !isInteger(text)) {
      this.problems.warning(this.at(name), "is a number, taken exactly as it is written; put it in quotes");
    }
    return text;
  }

  /** A whole number from `least` to `most`; `fallback` if the field is missing or null. */
  integer(name: string, fallback: i64, least: i64, most: i64): i64 {
    const value = this.get(name);
    if (value === null || value.type == JsonType.Null) return fallback;
    return this.integerOf(name, value, least, most);
  }

  /** The whole number from `least` to `most` in `value`, the value of field `name`; `least` if it is refused. */
  integerOf(name: string, value: JsonValue, least: i64, most: i64): i64 {
    const number = integerOf(value);
    if (number !== null && number.value >= least && number.value <= most) {
      if (!number.isWhole) {
        this.problems.warning(this.at(name), `is ${literalText(value)}; the fraction is ignored`);
      }
      return number.value;
    }
    let range = `from ${decimalText(least)} to ${decimalText(most)}`;
    // A huge bound is mentioned only if a value exceeds it.
    if (most > <i64>i32.MAX_VALUE) {
      range =
        number !== null && number.value > most
          ? `of at most ${decimalText(most)}`
          : `of at least ${decimalText(least)}`;
    }
    this.problems.error(this.at(name), `must be a whole number ${range}${found(value)}`);
    return least;
  }

  /** A number from 0 to `most` with at most four decimals, in ten-thousandths; `fallback` if it is missing or null. */
  tenThousandths(name: string, fallback: i64, most: i64): i64 {
    const value = this.get(name);
    return value === null ? fallback : this.tenThousandthsOf(this.at(name), value, fallback, most);
  }

  /** The same for `value`, which is at `path`. */
  tenThousandthsOf(path: Path, value: JsonValue, fallback: i64, most: i64): i64 {
    if (value.type == JsonType.Null) return fallback;
    const number = integerOf(value, 4);
    if (number !== null && number.isWhole && number.value >= 0 && number.value <= most * 10_000) {
      return number.value;
    }
    const range = `from 0 to ${decimalText(most)} with up to 4 decimals`;
    this.problems.error(path, `must be a number ${range}${found(value)}`);
    return fallback;
  }

  /** `true` or `false`; `fallback` if the field is missing or null. */
  flag(name: string, fallback: bool): bool {
    const value = this.get(name);
    if (value === null || value.type == JsonType.Null) return fallback;
    if (value.type == JsonType.True) return true;
    if (value.type == JsonType.False) return false;
    this.problems.error(this.at(name), "must be true or false" + found(value));
    return fallback;
  }

  /** The position of a field's value in `choices`; 0 if it is missing, null or refused. */
  choice(name: string, choices: string[]): i32 {
    const value = this.get(name);
    if (value === null || value.type == JsonType.Null) return 0;
    if (value.type == JsonType.String) {
      const text = textOf(value.bytes);
      const position = choices.indexOf(text);
      if (position >= 0) return position;
    }
    const other = value.type == JsonType.String ? "" : found(value);
    this.problems.error(this.at(name), `must be ${choices.join(" or ")}${other}`);
    return 0;
  }

  /** The elements of a list. One object or scalar counts as a list of one; null and missing count as an empty list. */
  list(name: string): JsonValue[] {
    const value = this.get(name);
    if (value === null || value.type == JsonType.Null) return [];
    return value.type == JsonType.Array ? value.items : [value];
  }

  /** The same for a list of objects. An object in its place gets a warning, because its members may be meant as items. */
  listOfObjects(name: string): JsonValue[] {
    const value = this.get(name);
    if (value !== null && value.type == JsonType.Object) {
      this.problems.warning(this.at(name), "is an object, taken as a list of one; put a dash in front of it");
    }
    return this.list(name);
  }

  /** The one of `names` that an unknown field is probably a misspelling of, or "". @param known the names of all fields */
  misspelt(names: string[], known: string[]): string {
    const object = this.object;
    if (this.problems.hasEnoughWarnings) return "";
    for (let member = object.first(); member >= 0; member = object.next(member)) {
      if (this.positionOf(member, known) >= 0) continue;
      const likely = nearest(textOf(object.nameOf(member)), known);
      if (names.indexOf(likely) >= 0) return likely;
    }
    return "";
  }

  /** Warns about members whose names are not in `known`, which has at most 64, and about duplicates. */
  warnOfOthers(known: string[]): void {
    const object = this.object;
    let seen: u64 = 0;
    for (let member = object.first(); member >= 0; member = object.next(member)) {
      const position = this.positionOf(member, known);
      if (position < 0) {
        this.warnOfUnknown(object.nameOf(member), known);
      } else if ((seen >> position) & 1) {
        this.problems.warning(this.at(known[position]), "is there more than once; the first one counts");
      } else {
        seen |= (<u64>1) << position;
      }
    }
  }

  private positionOf(member: i32, names: string[]): i32 {
    for (let i = 0; i < names.length; ++i) {
      if (this.object.isNamed(member, names[i])) return i;
    }
    return -1;
  }

  private warnOfUnknown(key: Bytes, known: string[]): void {
    // Looking for similar names takes too long for a configuration with a million mistakes.
    const likely = this.problems.hasEnoughWarnings ? "" : nearest(textOf(key), known);
    const hint = likely.length > 0 ? `; did you mean ${likely}?` : "";
    this.problems.warning(this.path.unknownField(key), "is not a known field and does nothing" + hint);
  }
}
