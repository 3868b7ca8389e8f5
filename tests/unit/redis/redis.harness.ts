import "../../../assembly/abi/abort";
import { ByteBuilder } from "../../../assembly/bytes/builder";
import { Reply, ReplyKind } from "../../../assembly/redis/reply";
import { Command, MAX_COMMAND } from "../../../assembly/redis/command";
import { appendCommand, parseReply } from "../../../assembly/redis/resp";
import { appendWebdisCommand, parseWebdisReply } from "../../../assembly/redis/webdis";

/** One for all replies, as in the filter: what one leaves behind must not show in the next. */
const reply = new Reply();

/** One for all commands, as in the filter. */
const arguments = new Command();

function collect(keys: ArrayBuffer[], texts: ArrayBuffer[], numbers: i64[]): void {
  arguments.clear();
  for (let i = 0; i < keys.length; ++i) arguments.key(changetype<usize>(keys[i]), keys[i].byteLength);
  for (let i = 0; i < texts.length; ++i) arguments.text(texts[i]);
  for (let i = 0; i < numbers.length; ++i) arguments.number(numbers[i]);
}

/** A script command in RESP2. */
export function respCommand(
  verb: ArrayBuffer,
  script: ArrayBuffer,
  keys: ArrayBuffer[],
  texts: ArrayBuffer[],
  numbers: i64[],
): ArrayBuffer {
  collect(keys, texts, numbers);
  const out = new ByteBuilder(1);
  appendCommand(out, verb, script, arguments);
  return out.toBytes();
}

/** Whether a command with keys of so many bytes together says that it has become too long. */
export function overflows(keys: i32, size: i32): bool {
  arguments.clear();
  const key = new ArrayBuffer(size);
  for (let i = 0; i < keys; ++i) arguments.key(changetype<usize>(key), size);
  const out = new ByteBuilder(1, MAX_COMMAND);
  appendCommand(out, new ArrayBuffer(4), new ArrayBuffer(4), arguments);
  return arguments.overflowed || out.overflowed;
}

/** A script command in the form of Webdis. */
export function webdisCommand(
  verb: ArrayBuffer,
  script: ArrayBuffer,
  keys: ArrayBuffer[],
  numbers: i64[],
  database: i32,
): ArrayBuffer {
  collect(keys, [], numbers);
  const out = new ByteBuilder(1);
  appendWebdisCommand(out, database, verb, script, arguments);
  return out.toBytes();
}

/** The reply of Webdis in the notation of `parsed`. */
export function webdisParsed(body: ArrayBuffer): string {
  return parseWebdisReply(body, reply) ? shown() : "malformed";
}

/** The reply in a notation of its own, or "malformed". */
export function parsed(bytes: ArrayBuffer): string {
  return parseReply(changetype<usize>(bytes), bytes.byteLength, reply) ? shown() : "malformed";
}

function shown(): string {
  if (reply.kind == ReplyKind.Error) return "error " + String.UTF8.decode(reply.error);
  if (reply.kind != ReplyKind.Array) return nameOf(reply.kind);
  let items = "";
  for (let i = 0; i < reply.length; ++i) {
    const number = reply.numberAt(i);
    items += (i > 0 ? ", " : "") + nameOf(reply.kindAt(i)) + (number == i64.MIN_VALUE ? "" : ` ${number}`);
  }
  const error = reply.error.byteLength > 0 ? " error " + String.UTF8.decode(reply.error) : "";
  return `[${items}]${error}`;
}

function nameOf(kind: ReplyKind): string {
  switch (kind) {
    case ReplyKind.Status:
      return "status";
    case ReplyKind.Error:
      return "error";
    case ReplyKind.Integer:
      return "integer";
    case ReplyKind.Bulk:
      return "bulk";
    case ReplyKind.Null:
      return "null";
    default:
      return "malformed";
  }
}
