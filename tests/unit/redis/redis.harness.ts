import "../../../assembly/abi/abort";
import { ByteBuilder } from "../../../assembly/bytes/builder";
import { Reply, ReplyKind } from "../../../assembly/redis/reply";
import { appendArray, appendBulk, appendBytes, appendNumber, parseReply } from "../../../assembly/redis/resp";
import {
  appendWebdisKey,
  appendWebdisNumber,
  beginWebdisCommand,
  endWebdisCommand,
  parseWebdisReply,
} from "../../../assembly/redis/webdis";

/** One for all replies, as in the filter: what one leaves behind must not show in the next. */
const reply = new Reply();

/** A command of two texts and numbers. */
export function command(verb: ArrayBuffer, numbers: i64[]): ArrayBuffer {
  const out = new ByteBuilder(1);
  appendArray(out, 2 + numbers.length);
  appendBytes(out, verb);
  appendBulk(out, changetype<usize>(verb), verb.byteLength);
  for (let i = 0; i < numbers.length; ++i) appendNumber(out, numbers[i]);
  return out.toBytes();
}

/** Whether a command that is longer than its buffer may be says so. */
export function overflows(size: i32, limit: i32): bool {
  const out = new ByteBuilder(1, limit);
  appendBytes(out, new ArrayBuffer(size));
  appendNumber(out, 1);
  return out.overflowed;
}

/** A script command in the form of Webdis. */
export function webdisCommand(
  verb: ArrayBuffer,
  script: ArrayBuffer,
  keys: ArrayBuffer[],
  args: i64[],
  database: i32,
): ArrayBuffer {
  const out = new ByteBuilder(1);
  beginWebdisCommand(out, database, verb, script, keys.length);
  for (let i = 0; i < keys.length; ++i) appendWebdisKey(out, changetype<usize>(keys[i]), keys[i].byteLength);
  for (let i = 0; i < args.length; ++i) appendWebdisNumber(out, args[i]);
  endWebdisCommand(out);
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
