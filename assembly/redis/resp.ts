import { CR, LF } from "../bytes/ascii";
import { ByteBuilder } from "../bytes/builder";
import { Bytes } from "../bytes/bytes";
import { decimalLength } from "../bytes/decimal";
import { Command } from "./transport";

/**
 * Redis commands in RESP2: an array of bulk strings.
 * https://redis.io/docs/latest/develop/reference/protocol-spec/
 *
 *   *<number of arguments>\r\n   then per argument   $<size>\r\n<bytes>\r\n
 */

const ARRAY: u8 = 0x2a; // *
const BULK: u8 = 0x24; // $

/** Begins a command of `count` arguments, its name included. */
export function beginCommand(out: ByteBuilder, count: i32): void {
  out.clear();
  out.byte(ARRAY).decimal(count).byte(CR).byte(LF);
}

/** An argument that is a byte string. */
export function argument(out: ByteBuilder, value: Bytes): void {
  out.byte(BULK).decimal(value.byteLength).byte(CR).byte(LF).bytes(value).byte(CR).byte(LF);
}

/** An argument that is a number. */
export function numberArgument(out: ByteBuilder, value: i64): void {
  out.byte(BULK).decimal(decimalLength(value)).byte(CR).byte(LF).decimal(value).byte(CR).byte(LF);
}

/** Writes a whole command over what is in `out`. */
export function writeCommand(out: ByteBuilder, command: Command): void {
  const keys = command.keys;
  const args = command.args;
  beginCommand(out, command.length);
  argument(out, command.verb);
  argument(out, command.script);
  numberArgument(out, keys.length);
  for (let i = 0; i < keys.length; ++i) argument(out, keys[i]);
  for (let i = 0; i < args.length; ++i) numberArgument(out, args[i]);
}
