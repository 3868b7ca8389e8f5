import { decimalText } from "../bytes/decimal";
import { addressOf, Bytes } from "../bytes/bytes";
import { JsonReader, MAX_DEPTH } from "./reader";
import { JsonError, Strings, Token } from "./tokens";
import { JsonValue } from "./value";
import { AFTER, JsonType, MAX_TEXT, Part, Values } from "./values";

/** The most values in a text: 7 MB of memory in addition to the text. */
const MAX_VALUES: i32 = 1 << 18;

/** Either a value, or an error in the text and its offset. */
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
 * Parses one JSON text strictly by RFC 8259, with or without a byte order mark. Nothing may follow the value.
 * A text may have at most `MAX_TEXT` bytes, `MAX_VALUES` values and `MAX_DEPTH` levels. `\u` escapes become UTF-8, and lone
 * surrogates become U+FFFD. Duplicate names are kept.
 */
export function parseJson(text: Bytes): JsonResult {
  if (text.byteLength > MAX_TEXT) return failure(`is larger than ${decimalText(MAX_TEXT)} bytes`, MAX_TEXT);
  // No string is longer than the whole text.
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
  // The open containers. The reader does not allow more.
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
