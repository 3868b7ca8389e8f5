import { DOT, isDigit, isLetter, MINUS, PERCENT, SLASH, UNDERSCORE } from "../bytes/ascii";
import { ByteBuilder } from "../bytes/builder";
import { addressOf, Bytes, bytesOf } from "../bytes/bytes";
import { NOT_A_NUMBER, parseInteger } from "../bytes/decimal";
import { parseJson } from "../json/parse";
import { JsonValue } from "../json/value";
import { JsonType } from "../json/values";
import { bytesAt, Command, nextTo, sizeAt } from "./command";
import { Reply, ReplyKind } from "./reply";

/**
 * Commands and replies of Webdis, an HTTP server in front of Redis.
 * https://github.com/nicolasff/webdis, as packaged by Debian (0.1.9) and later
 *
 *   POST, with the body    [<database>/]COMMAND/argument/argument….json
 *   200, with the body     {"COMMAND": reply}
 *
 * Replies are requested in JSON, not in `.raw`, in which Webdis omits nil from arrays and turns numbers in them into strings.
 * In JSON, errors inside arrays become null. All other replies are complete:
 *
 *   [true, "OK"]  status      [false, "ERR …"]  error      12  integer      "12"  bulk      null  nil      […]  array
 */
const FORMAT = bytesOf("json");
const HEX = bytesOf("0123456789ABCDEF");

/**
 * Writes the command that runs a script.
 * @param database 0 for the one in the configuration of Webdis
 * @param verb EVALSHA or EVAL
 * @param script the SHA-1 of the script for EVALSHA, its text for EVAL
 */
export function appendWebdisCommand(
  out: ByteBuilder,
  database: i32,
  verb: Bytes,
  script: Bytes,
  command: Command,
): void {
  if (database != 0) out.decimal(database).byte(SLASH);
  out.bytes(verb).byte(SLASH);
  escape(out, addressOf(script), script.byteLength);
  out.byte(SLASH).decimal(command.keys);
  let argument = command.first;
  for (let i = 0; i < command.length; ++i, argument = nextTo(argument)) {
    out.byte(SLASH);
    escape(out, bytesAt(argument), sizeAt(argument));
  }
  out.byte(DOT).bytes(FORMAT);
}

/** Percent-encodes everything but letters, digits, `-` and `_`: dots, slashes, `?` and `+` are special to Webdis. */
function escape(out: ByteBuilder, ptr: usize, len: i32): void {
  for (let i = 0; i < len; ++i) {
    const c = load<u8>(ptr + i);
    if (isLetter(c) || isDigit(c) || c == MINUS || c == UNDERSCORE) {
      out.byte(c);
    } else {
      out
        .byte(PERCENT)
        .byte(hexDigit(c >> 4))
        .byte(hexDigit(c & 15));
    }
  }
}

function hexDigit(value: u8): u8 {
  return load<u8>(addressOf(HEX) + value);
}

/**
 * Reads the body of a response into `reply`.
 * @returns false if it is not a valid reply. Arrays inside arrays are not valid, because none of our scripts returns them
 */
export function parseWebdisReply(body: Bytes, reply: Reply): bool {
  const object = parseJson(body).value;
  if (object === null || object.type != JsonType.Object || object.items.length != 1) return false;
  const value = object.items[0];
  if (value.type != JsonType.Array) {
    const kind = kindOf(value);
    reply.begin(kind);
    return kind != ReplyKind.Malformed;
  }
  const items = value.items;
  if (items.length == 2 && (items[0].type == JsonType.True || items[0].type == JsonType.False)) {
    reply.begin(items[0].type == JsonType.True ? ReplyKind.Status : ReplyKind.Error);
    if (reply.kind == ReplyKind.Error) reply.error = items[1].bytes;
    return items[1].type == JsonType.String;
  }
  reply.begin(ReplyKind.Array);
  for (let i = 0; i < items.length; ++i) {
    const kind = kindOf(items[i]);
    const bytes = items[i].bytes;
    if (kind == ReplyKind.Malformed) return false;
    if (!reply.add(kind, parseInteger(addressOf(bytes), bytes.byteLength))) return false;
  }
  return true;
}

/** The kind of reply that a value represents. */
function kindOf(value: JsonValue): ReplyKind {
  if (value.type == JsonType.Null) return ReplyKind.Null;
  if (value.type == JsonType.String) return ReplyKind.Bulk;
  if (value.type != JsonType.Number) return ReplyKind.Malformed;
  const isInteger = parseInteger(addressOf(value.bytes), value.bytes.byteLength) != NOT_A_NUMBER;
  return isInteger ? ReplyKind.Integer : ReplyKind.Malformed;
}
