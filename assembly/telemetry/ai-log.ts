import { discarded } from "../abi/collector";
import { getProperty, setPropertyAt } from "../abi/properties";
import { COLON, COMMA, LEFT_BRACE, QUOTE, RIGHT_BRACE } from "../bytes/ascii";
import { ByteBuilder } from "../bytes/builder";
import { addressOf, Bytes, bytesOf, compare } from "../bytes/bytes";
import { appendEscapedForHtml } from "../json/escape";
import { parseJson } from "../json/parse";
import { JsonValue } from "../json/value";
import { JsonType } from "../json/values";

const PROPERTY = bytesOf("ai_log");
/** A longer property is not changed. */
const MAX_LENGTH = 1 << 16;
/** The garbage that reading a property leaves, in bytes: a fixed part for two JSON texts, and a part for each of its bytes. */
const READ_BYTES = 6144;
const READ_BYTES_PER_BYTE = 12;

// Reused by the next rejection.
const plain = new ByteBuilder(256, MAX_LENGTH);
const escaped = new ByteBuilder(512, MAX_LENGTH);

/**
 * An attribute of the `ai_log` property, which Higress' access log includes for AI plugins.
 *
 * The property holds a JSON object with sorted names, escaped once more as the content of a JSON string, because the log format
 * puts it between quotes.
 */
@final
export class LogAttribute {
  /** The property without attributes of other plugins. */
  private readonly alone: Bytes;

  /** @param name, value plain ASCII */
  constructor(
    private readonly name: Bytes,
    private readonly value: Bytes,
  ) {
    writeWithMember(null, name, value);
    this.alone = escaped.toBytes();
  }

  /** Sets it, and keeps the attributes of other plugins. If the property does not hold an object, it is not changed. */
  set(): void {
    const property = getProperty(PROPERTY);
    if (property === null || property.byteLength == 0) {
      setPropertyAt(PROPERTY, addressOf(this.alone), this.alone.byteLength);
      return;
    }
    const object = parseProperty(property);
    if (object === null || !writeWithMember(object, this.name, this.value)) return;
    setPropertyAt(PROPERTY, escaped.ptr, escaped.length);
  }
}

/** The object in the property, or null if there is none. */
function parseProperty(property: Bytes): JsonValue | null {
  discarded(READ_BYTES + READ_BYTES_PER_BYTE * property.byteLength);
  const quoted = new ByteBuilder(property.byteLength + 2, MAX_LENGTH).byte(QUOTE).bytes(property).byte(QUOTE);
  if (quoted.overflowed) return null;
  const text = parseJson(quoted.toBytes()).value;
  if (text === null) return null;
  const object = parseJson(text.bytes).value;
  return object !== null && object.type == JsonType.Object ? object : null;
}

/**
 * Writes the object with a new member, sorted by name, into `escaped`.
 * @returns false if that is too long for a property
 */
function writeWithMember(object: JsonValue | null, name: Bytes, value: Bytes): bool {
  const out = plain;
  out.clear();
  out.byte(LEFT_BRACE);
  let added = false;
  if (object !== null) {
    for (let i = 0; i < object.items.length; ++i) {
      const order = compare(object.keys[i], name);
      if (order == 0) continue;
      if (order > 0 && !added) {
        appendMember(out, name, value, true);
        added = true;
      }
      appendMember(out, object.keys[i], object.items[i].raw, false);
    }
  }
  if (!added) appendMember(out, name, value, true);
  out.byte(RIGHT_BRACE);
  escaped.clear();
  appendEscapedForHtml(escaped, out.ptr, out.length);
  return !out.overflowed && !escaped.overflowed;
}

function appendMember(out: ByteBuilder, name: Bytes, value: Bytes, quote: bool): void {
  if (out.length > 1) out.byte(COMMA);
  out.byte(QUOTE);
  appendEscapedForHtml(out, addressOf(name), name.byteLength);
  out.byte(QUOTE).byte(COLON);
  if (quote) out.byte(QUOTE);
  out.bytes(value);
  if (quote) out.byte(QUOTE);
}
