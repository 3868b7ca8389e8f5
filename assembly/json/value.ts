import { decimalText } from "../bytes/decimal";
import { ByteBuilder } from "../bytes/builder";
import { addressOf, Bytes, copyOf, EMPTY, slice } from "../bytes/bytes";
import { grown } from "../bytes/grown";
import { JsonReader, MAX_DEPTH } from "./reader";
import { JsonText } from "./text";
import { JsonError, Strings, Token } from "./tokens";

export const enum JsonType {
  Null,
  False,
  True,
  Number,
  String,
  Array,
  Object,
}

/** Bounds of `parseJson`: the size of a text, and how many values it may hold (7 MB of memory beside the text). */
const MAX_TEXT: i32 = 8 << 20;
const MAX_VALUES: i32 = 1 << 18;

/** The numbers of a value. */
const enum Part {
  /** A `JsonType`. */
  Type,
  /** Where it stands in the source. */
  Start,
  End,
  /** The place of the text of a String or a Number, and its length. */
  Text,
  TextLength,
  /** The same of its name, if it is the member of an Object. */
  Name,
  NameLength,
  COUNT,
}
/** Of an Array or Object, in the place of its text: the number of the value that follows all those in it. */
const AFTER: Part = Part.Text;

/**
 * All values of a text, numbered in the order in which they begin, as plain numbers: a configuration may have ten
 * thousand small objects, which are looked at once.
 */
@final
class Values {
  count: i32 = 0;
  private parts: StaticArray<i32>;
  /** Texts that had escapes. The place of a text is its offset in the source, or the complement of that in here. */
  private readonly unescaped: ByteBuilder = new ByteBuilder(0, MAX_TEXT);

  constructor(readonly source: Bytes) {
    // With its name, a value mostly takes 16 bytes or more.
    this.parts = new StaticArray<i32>((source.byteLength / 16 + 4) * Part.COUNT);
  }

  get(value: i32, part: Part): i32 {
    return this.parts[value * Part.COUNT + part];
  }

  set(value: i32, part: Part, number: i32): void {
    this.parts[value * Part.COUNT + part] = number;
  }

  /** Adds a value, and returns its number. */
  add(type: JsonType, start: i32, end: i32): i32 {
    const value = this.count++;
    if (this.count * Part.COUNT > this.parts.length) {
      this.parts = grown(this.parts, this.parts.length * 2);
    }
    this.set(value, Part.Type, type);
    this.set(value, Part.Start, start);
    this.set(value, Part.End, end);
    return value;
  }

  /** Where the text that the reader has just read can be found; it is copied if it is not part of the source. */
  keep(text: JsonText): i32 {
    const offset = text.ptr - addressOf(this.source);
    if (offset < <usize>this.source.byteLength) return <i32>offset;
    const place = this.unescaped.length;
    this.unescaped.at(text.ptr, text.length);
    return ~place;
  }

  /** The address of a text, valid until the next one is kept. */
  addressAt(place: i32): usize {
    return place >= 0 ? addressOf(this.source) + place : this.unescaped.ptr + ~place;
  }

  /** The number of the value that follows a value and all those in it. */
  after(value: i32): i32 {
    return this.get(value, Part.Type) >= JsonType.Array ? this.get(value, AFTER) : value + 1;
  }

  /** Whether a member is called `name`, which is ASCII. */
  isNamed(value: i32, name: string): bool {
    const length = this.get(value, Part.NameLength);
    if (length != name.length) return false;
    const ptr = this.addressAt(this.get(value, Part.Name));
    for (let i = 0; i < length; ++i) {
      if (<i32>load<u8>(ptr + i) != name.charCodeAt(i)) return false;
    }
    return true;
  }
}

/** One value of a JSON text, which keeps all of them: it is for configuration, and numbers stay as they were written. */
@final
export class JsonValue {
  /** What was asked for, so that it lives as long as this. */
  private text: Bytes | null = null;
  private children: Children | null = null;

  constructor(
    private readonly values: Values,
    private readonly value: i32,
  ) {}

  get type(): JsonType {
    return <JsonType>this.values.get(this.value, Part.Type);
  }

  /** A String's text, unescaped; a Number's digits as written; otherwise empty. */
  get bytes(): Bytes {
    const known = this.text;
    if (known !== null) return known;
    const type = this.type;
    const text =
      type == JsonType.String || type == JsonType.Number ? this.copy(this.value, Part.Text) : EMPTY;
    this.text = text;
    return text;
  }

  /** The value as it stands in the source, white space inside it included. */
  get raw(): Bytes {
    return slice(
      this.values.source,
      this.values.get(this.value, Part.Start),
      this.values.get(this.value, Part.End),
    );
  }

  /** An Array's elements, or the values of an Object's members, in order; never to be changed. */
  get items(): JsonValue[] {
    return this.expand().items;
  }

  /** The names of an Object's members, in order, duplicates included; never to be changed. */
  get keys(): Bytes[] {
    return this.expand().keys;
  }

  /** The value of the first member called `name`, which is ASCII; null if there is none or this is not an Object. */
  get(name: string): JsonValue | null {
    for (let member = this.first(); member >= 0; member = this.next(member)) {
      if (this.values.isNamed(member, name)) return new JsonValue(this.values, member);
    }
    return null;
  }

  /** The first member of an Object, as a number for the functions below; -1 if there is none. They allocate nothing. */
  first(): i32 {
    return this.type == JsonType.Object ? this.within(this.value + 1) : -1;
  }

  /** The member after another one, or -1. */
  next(member: i32): i32 {
    return this.within(this.values.after(member));
  }

  /** Whether a member is called `name`, which is ASCII. */
  isNamed(member: i32, name: string): bool {
    return this.values.isNamed(member, name);
  }

  /** The name of a member. */
  nameOf(member: i32): Bytes {
    return this.copy(member, Part.Name);
  }

  /** A value that may be in this one, or -1 if it is not. */
  private within(value: i32): i32 {
    return value < this.values.after(this.value) ? value : -1;
  }

  private expand(): Children {
    let children = this.children;
    if (children !== null) return children;
    children = new Children();
    this.children = children;
    const isObject = this.type == JsonType.Object;
    if (!isObject && this.type != JsonType.Array) return children;
    for (let child = this.within(this.value + 1); child >= 0; child = this.next(child)) {
      children.items.push(new JsonValue(this.values, child));
      if (isObject) children.keys.push(this.nameOf(child));
    }
    return children;
  }

  private copy(value: i32, place: Part): Bytes {
    const length = this.values.get(value, <Part>(place + 1));
    return copyOf(this.values.addressAt(this.values.get(value, place)), length);
  }
}

/** What an Array or an Object holds. */
@final
class Children {
  readonly items: JsonValue[] = [];
  readonly keys: Bytes[] = [];
}

/** Either a value, or what is wrong with the text and at which byte of it. */
@final
class JsonResult {
  constructor(
    readonly value: JsonValue | null,
    /** Empty if there is a value. */
    readonly error: string,
    readonly offset: i32,
  ) {}
}

/**
 * Parses one JSON text (RFC 8259, strictly: nothing may follow the value), with or without a byte order mark.
 * At most `MAX_TEXT` bytes, `MAX_VALUES` values and `MAX_DEPTH` levels; `\u` escapes become UTF-8, lone surrogates
 * U+FFFD; duplicate names are kept.
 */
export function parseJson(text: Bytes): JsonResult {
  if (text.byteLength > MAX_TEXT) return failure(`is larger than ${decimalText(MAX_TEXT)} bytes`, MAX_TEXT);
  // No text in it is longer than the whole.
  const reader = new JsonReader(text.byteLength);
  const result = parse(text, reader);
  reader.dispose();
  return result;
}

function parse(text: Bytes, reader: JsonReader): JsonResult {
  const bom = hasByteOrderMark(text) ? 3 : 0;
  reader.strings = Strings.Keep;
  reader.begin();
  reader.feed(addressOf(text) + bom, text.byteLength - bom);
  reader.finish();

  const values = new Values(text);
  // The containers that are open: the reader refuses more.
  const open = new StaticArray<i32>(MAX_DEPTH);
  let depth = 0;
  let name = 0;
  let nameLength = 0;
  for (let token = reader.next(); token != Token.End; token = reader.next()) {
    const end = <i32>reader.offset + bom;
    if (token == Token.Malformed) return failure(explain(reader.error), end);
    if (token == Token.Key) {
      name = values.keep(reader.text);
      nameLength = reader.text.length;
      continue;
    }
    if (token == Token.ObjectEnd || token == Token.ArrayEnd) {
      const closed = open[--depth];
      values.set(closed, Part.End, end);
      values.set(closed, AFTER, values.count);
      continue;
    }
    if (values.count == MAX_VALUES) return failure(`holds more than ${decimalText(MAX_VALUES)} values`, end);
    const value = values.add(typeOf(token), bom + <i32>reader.valueStart, end);
    values.set(value, Part.Name, name);
    values.set(value, Part.NameLength, nameLength);
    if (token == Token.String || token == Token.Number) {
      values.set(value, Part.Text, values.keep(reader.text));
      values.set(value, Part.TextLength, reader.text.length);
    } else if (token == Token.ObjectStart || token == Token.ArrayStart) {
      open[depth++] = value;
    }
  }
  return new JsonResult(new JsonValue(values, 0), "", text.byteLength);
}

function hasByteOrderMark(text: Bytes): bool {
  const ptr = addressOf(text);
  return (
    text.byteLength >= 3 && load<u8>(ptr) == 0xef && load<u8>(ptr, 1) == 0xbb && load<u8>(ptr, 2) == 0xbf
  );
}

function typeOf(token: Token): JsonType {
  switch (token) {
    case Token.ObjectStart:
      return JsonType.Object;
    case Token.ArrayStart:
      return JsonType.Array;
    case Token.String:
      return JsonType.String;
    case Token.Number:
      return JsonType.Number;
    case Token.True:
      return JsonType.True;
    case Token.False:
      return JsonType.False;
    default:
      return JsonType.Null;
  }
}

function failure(error: string, offset: i32): JsonResult {
  return new JsonResult(null, error, offset);
}

function explain(error: JsonError): string {
  switch (error) {
    case JsonError.Incomplete:
      return "ends too early";
    case JsonError.TooDeep:
      return `is nested more than ${decimalText(MAX_DEPTH)} levels deep`;
    default:
      return "is not valid JSON";
  }
}
