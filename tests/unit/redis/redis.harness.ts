import "../../../assembly/abi/abort";
import { ByteBuilder } from "../../../assembly/bytes/builder";
import { parseReply, Reply, ReplyKind } from "../../../assembly/redis/reply";
import { writeCommand } from "../../../assembly/redis/resp";
import { Command } from "../../../assembly/redis/transport";
import { parseWebdisReply, writeWebdisCommand } from "../../../assembly/redis/webdis";

export function command(verb: ArrayBuffer, numbers: i64[]): ArrayBuffer {
  const out = new ByteBuilder(1);
  writeCommand(out, new Command(verb, verb, [verb], numbers));
  return out.toBytes();
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
  writeWebdisCommand(out, new Command(verb, script, keys, args), database);
  return out.toBytes();
}

/** The reply of Webdis in the notation of `parsed`. */
export function webdisParsed(body: ArrayBuffer): string {
  const reply = parseWebdisReply(body);
  return reply !== null ? show(reply) : "malformed";
}

/** The reply in a notation of its own, or "malformed". */
export function parsed(bytes: ArrayBuffer): string {
  const reply = parseReply(changetype<usize>(bytes), bytes.byteLength);
  return reply !== null ? show(reply) : "malformed";
}

/** A whole number, or the "not a number" value. */
export function asInteger(bytes: ArrayBuffer): i64 {
  const reply = parseReply(changetype<usize>(bytes), bytes.byteLength);
  return reply !== null ? reply.toInteger() : 0;
}

function show(reply: Reply): string {
  switch (reply.kind) {
    case ReplyKind.Status:
      return "status " + String.UTF8.decode(reply.bytes);
    case ReplyKind.Error:
      return "error " + String.UTF8.decode(reply.bytes);
    case ReplyKind.Integer:
      return reply.integer.toString();
    case ReplyKind.Bulk:
      return '"' + String.UTF8.decode(reply.bytes) + '"';
    case ReplyKind.Array: {
      let items = "";
      for (let i = 0; i < reply.items.length; ++i) items += (i > 0 ? ", " : "") + show(reply.items[i]);
      return "[" + items + "]";
    }
    default:
      return "null";
  }
}
