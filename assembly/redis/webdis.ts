import { DOT, isDigit, isLetter, MINUS, PERCENT, SLASH, UNDERSCORE } from "../bytes/ascii";
import { ByteBuilder } from "../bytes/builder";
import { addressOf, Bytes, bytesOf, EMPTY } from "../bytes/bytes";
import { NOT_A_NUMBER, parseInteger } from "../bytes/decimal";
import { JsonType, JsonValue, parseJson } from "../json/value";
import { Reply, ReplyKind } from "./reply";
import { Command } from "./transport";

/**
 * Commands and replies of Webdis, a server that offers Redis over HTTP.
 * https://github.com/nicolasff/webdis, as packaged by Debian (0.1.9) and later
 *
 *   POST, with the body    [<database>/]COMMAND/argument/argument….json
 *   200, with the body     {"COMMAND": reply}
 *
 * The replies are asked for in JSON, not in `.raw`: in `.raw`, Webdis leaves nil out of arrays and turns numbers in
 * them into strings. In JSON, errors inside arrays become null; other replies arrive as they are:
 *
 *   [true, "OK"]  status      [false, "ERR …"]  error      12  integer      "12"  bulk      null  nil      […]  array
 */
const FORMAT = bytesOf("json");
const HEX = bytesOf("0123456789ABCDEF");

/** Writes a command over what is in `out`. Database 0 stands for the one that Webdis is configured for. */
export function writeWebdisCommand(out: ByteBuilder, command: Command, database: i32): void {
  const keys = command.keys;
  const args = command.args;
  out.clear();
  if (database != 0) out.decimal(database).byte(SLASH);
  out.bytes(command.verb).byte(SLASH);
  escape(out, command.script);
  out.byte(SLASH).decimal(keys.length);
  for (let i = 0; i < keys.length; ++i) {
    out.byte(SLASH);
    escape(out, keys[i]);
  }
  for (let i = 0; i < args.length; ++i) out.byte(SLASH).decimal(args[i]);
  out.byte(DOT).bytes(FORMAT);
}

/** Percent-encodes everything but letters, digits, `-` and `_`: dots, slashes, `?` and `+` mean something to Webdis. */
function escape(out: ByteBuilder, value: Bytes): void {
  const ptr = addressOf(value);
  for (let i = 0; i < value.byteLength; ++i) {
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
 * Reads the body of a response.
 * @returns null when it is not a reply; arrays in arrays are not, since no script of ours returns them
 */
export function parseWebdisReply(body: Bytes): Reply | null {
  const object = parseJson(body).value;
  if (object === null || object.type != JsonType.Object || object.items.length != 1) return null;
  const value = object.items[0];
  if (value.type != JsonType.Array) return scalar(value);
  const items = value.items;
  if (items.length == 2 && (items[0].type == JsonType.True || items[0].type == JsonType.False)) {
    const kind = items[0].type == JsonType.True ? ReplyKind.Status : ReplyKind.Error;
    return items[1].type == JsonType.String ? textual(kind, items[1].bytes) : null;
  }
  const reply = textual(ReplyKind.Array, EMPTY);
  reply.items = [];
  for (let i = 0; i < items.length; ++i) {
    const item = scalar(items[i]);
    if (item === null) return null;
    reply.items.push(item);
  }
  return reply;
}

function scalar(value: JsonValue): Reply | null {
  if (value.type == JsonType.Null) return textual(ReplyKind.Null, EMPTY);
  if (value.type == JsonType.String) return textual(ReplyKind.Bulk, value.bytes);
  if (value.type != JsonType.Number) return null;
  const reply = textual(ReplyKind.Integer, EMPTY);
  reply.integer = parseInteger(addressOf(value.bytes), value.bytes.byteLength);
  return reply.integer == NOT_A_NUMBER ? null : reply;
}

function textual(kind: ReplyKind, bytes: Bytes): Reply {
  const reply = new Reply();
  reply.kind = kind;
  reply.bytes = bytes;
  return reply;
}
