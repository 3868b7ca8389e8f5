import { CR, LF } from "../bytes/ascii";
import { ByteBuilder } from "../bytes/builder";
import { addressOf, Bytes } from "../bytes/bytes";
import { decimalLength, writeDecimal } from "../bytes/decimal";
import { Command } from "./transport";

/**
 * Redis commands in RESP2: an array of bulk strings.
 * https://redis.io/docs/latest/develop/reference/protocol-spec/
 *
 *   *<number of arguments>\r\n   then per argument   $<size>\r\n<bytes>\r\n
 */

const ARRAY: u8 = 0x2a; // *
const BULK: u8 = 0x24; // $

/** Writes a whole command over what is in `out`; nothing at all, and `out.overflowed`, when that has no room for it. */
export function writeCommand(out: ByteBuilder, command: Command): void {
  const keys = command.keys;
  const args = command.args;
  let size =
    headSize(command.length) + bulkSize(command.verb.byteLength) + bulkSize(command.script.byteLength);
  size += bulkSize(decimalLength(keys.length));
  for (let i = 0; i < keys.length; ++i) size += bulkSize(keys[i].byteLength);
  for (let i = 0; i < args.length; ++i) size += bulkSize(decimalLength(args[i]));

  out.clear();
  let at = out.append(size);
  if (at == 0) return;
  at = writeHead(at, ARRAY, command.length);
  at = writeBytes(at, command.verb);
  at = writeBytes(at, command.script);
  at = writeNumber(at, keys.length);
  for (let i = 0; i < keys.length; ++i) at = writeBytes(at, keys[i]);
  for (let i = 0; i < args.length; ++i) at = writeNumber(at, args[i]);
}

/** The bytes of `*<count>\r\n`. */
function headSize(count: i32): i32 {
  return 1 + decimalLength(count) + 2;
}

/** The bytes of an argument of `size` bytes. */
function bulkSize(size: i32): i32 {
  return headSize(size) + size + 2;
}

function writeHead(at: usize, type: u8, count: i32): usize {
  store<u8>(at, type);
  return writeEnd(at + 1 + writeDecimal(at + 1, count));
}

function writeEnd(at: usize): usize {
  store<u8>(at, CR);
  store<u8>(at, LF, 1);
  return at + 2;
}

function writeBytes(at: usize, value: Bytes): usize {
  const size = value.byteLength;
  const content = writeHead(at, BULK, size);
  memory.copy(content, addressOf(value), size);
  return writeEnd(content + size);
}

function writeNumber(at: usize, value: i64): usize {
  const content = writeHead(at, BULK, decimalLength(value));
  return writeEnd(content + writeDecimal(content, value));
}
