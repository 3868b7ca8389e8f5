import { addressOf, Bytes, bytesOf, copyOf, EMPTY, equals, slice } from "../bytes/bytes";
import { JsonReader, MAX_DEPTH } from "./reader";
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

/** Bounds of `parseJson`: the size of a text, and how many values it may hold (about 70 MB of memory at worst). */
export const MAX_TEXT: i32 = 8 << 20;
export const MAX_VALUES: i32 = 1 << 18;

/** One value of a JSON text, for configuration: a small tree that keeps numbers as they were written. */
@final
export class JsonValue {
  /** A String's text, unescaped; a Number's digits as written; otherwise empty. */
  bytes: Bytes = EMPTY;
  /** An Array's elements, or the values of an Object's members, in order; never to be changed. */
  items: JsonValue[] = NO_ITEMS;
  /** The names of an Object's members, in order, duplicates included; never to be changed. */
  keys: Bytes[] = NO_KEYS;

  constructor(
    readonly type: JsonType,
    private source: Bytes,
    private start: i32,
    private end: i32,
  ) {}

  /** The value as it stands in the source, white space inside it included. */
  get raw(): Bytes {
    return slice(this.source, this.start, this.end);
  }

  /** The value of the first member called `name`, or null if there is none or this is not an Object. */
  get(name: string): JsonValue | null {
    const wanted = bytesOf(name);
    for (let i = 0; i < this.keys.length; ++i) {
      if (equals(this.keys[i], wanted)) return this.items[i];
    }
    return null;
  }

  /** Used while parsing: where the value ends. */
  endAt(end: i32): void {
    this.end = end;
  }
}

const NO_ITEMS: JsonValue[] = [];
const NO_KEYS: Bytes[] = [];

/** Either a value, or what is wrong with the text and at which byte of it. */
@final
export class JsonResult {
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
  if (text.byteLength > MAX_TEXT) return failure(`is larger than ${MAX_TEXT} bytes`, MAX_TEXT);
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

  const open: JsonValue[] = [];
  let root: JsonValue | null = null;
  let values = 0;
  for (let token = reader.next(); token != Token.End; token = reader.next()) {
    const end = <i32>reader.offset + bom;
    if (token == Token.Malformed) return failure(explain(reader.error), end);
    if (token == Token.Key) {
      open[open.length - 1].keys.push(copyOf(reader.text.ptr, reader.text.length));
      continue;
    }
    if (token == Token.ObjectEnd || token == Token.ArrayEnd) {
      open.pop().endAt(end);
      continue;
    }
    if (++values > MAX_VALUES) return failure(`holds more than ${MAX_VALUES} values`, end);
    const value = new JsonValue(typeOf(token), text, bom + <i32>reader.valueStart, end);
    if (token == Token.String || token == Token.Number) {
      value.bytes = copyOf(reader.text.ptr, reader.text.length);
    }
    if (open.length > 0) open[open.length - 1].items.push(value);
    else root = value;
    if (token == Token.ObjectStart || token == Token.ArrayStart) {
      value.items = [];
      if (token == Token.ObjectStart) value.keys = [];
      open.push(value);
    }
  }
  return new JsonResult(root, "", text.byteLength);
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
      return `is nested more than ${MAX_DEPTH} levels deep`;
    default:
      return "is not valid JSON";
  }
}
