import { getProperty, setProperty } from "../../abi/properties";
import { COLON, COMMA, LEFT_BRACE, QUOTE, RIGHT_BRACE } from "../../bytes/ascii";
import { ByteBuilder } from "../../bytes/builder";
import { addressOf, Bytes, bytesOf, compare, equals } from "../../bytes/bytes";
import { appendEscapedForHtml } from "../../json/escape";
import { JsonType, JsonValue, parseJson } from "../../json/value";

const PROPERTY = bytesOf("ai_log");
/** A longer property is left as it is. */
const MAX_LENGTH = 1 << 16;

/**
 * Sets one attribute of the `ai_log` property, from which Higress' access log takes what AI plugins have to say.
 *
 * The property holds a JSON object with sorted names, escaped once more as the content of a JSON string, because the
 * log format puts it between quotes. What other plugins wrote is kept; a value that is not such an object is left as
 * it is.
 * @param name plain ASCII
 * @param value plain ASCII
 */
export function setLogAttribute(name: string, value: string): void {
  const added = new Member(bytesOf(name), bytesOf(`"${value}"`));
  const members: Member[] = [added];
  const property = getProperty(PROPERTY);
  if (property !== null && property.byteLength > 0) {
    const object = parseProperty(property);
    if (object === null) return;
    for (let i = 0; i < object.items.length; ++i) {
      if (!equals(object.keys[i], added.name)) members.push(new Member(object.keys[i], object.items[i].raw));
    }
  }
  members.sort((a, b) => compare(a.name, b.name));
  const text = write(members);
  if (text !== null) setProperty(PROPERTY, text);
}


@final
class Member {
  constructor(
    readonly name: Bytes,
    /** The value as JSON. */
    readonly json: Bytes,
  ) {}
}

/** The object in the property, or null when there is none. */
function parseProperty(property: Bytes): JsonValue | null {
  const quoted = new ByteBuilder(property.byteLength + 2, MAX_LENGTH).byte(QUOTE).bytes(property).byte(QUOTE);
  if (quoted.overflowed) return null;
  const text = parseJson(quoted.toBytes()).value;
  if (text === null) return null;
  const object = parseJson(text.bytes).value;
  return object !== null && object.type == JsonType.Object ? object : null;
}

/** The members as an escaped object, or null when that is longer than a property may be. */
function write(members: Member[]): Bytes | null {
  const object = new ByteBuilder(256, MAX_LENGTH).byte(LEFT_BRACE);
  for (let i = 0; i < members.length; ++i) {
    if (i > 0) object.byte(COMMA);
    object.byte(QUOTE);
    appendEscapedForHtml(object, addressOf(members[i].name), members[i].name.byteLength);
    object.byte(QUOTE).byte(COLON).bytes(members[i].json);
  }
  object.byte(RIGHT_BRACE);
  const escaped = new ByteBuilder(512, MAX_LENGTH);
  appendEscapedForHtml(escaped, object.ptr, object.length);
  return !object.overflowed && !escaped.overflowed ? escaped.toBytes() : null;
}
