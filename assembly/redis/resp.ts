import { CR, DIGIT_0, LF } from "../bytes/ascii";
import { ByteBuilder } from "../bytes/builder";
import { addressOf, Bytes, copy, copyOf } from "../bytes/bytes";
import { MAX_DECIMAL, NOT_A_NUMBER, parseInteger, writeDecimal } from "../bytes/decimal";
import { bytesAt, Command, nextTo, sizeAt } from "./command";
import { Reply, ReplyKind } from "./reply";

/*
 * Redis' protocol, RESP2: https://redis.io/docs/latest/develop/reference/protocol-spec/
 *
 *   command   *<number of arguments>\r\n, then for each argument $<size>\r\n<bytes>\r\n
 *   reply     +<text>\r\n   -<error>\r\n   :<integer>\r\n   $<size>\r\n<bytes>\r\n   *<number of elements>\r\n<elements>
 */

const PLUS: u8 = 0x2b;
const MINUS: u8 = 0x2d;
const COLON: u8 = 0x3a;
const DOLLAR: u8 = 0x24;
const ASTERISK: u8 = 0x2a;
/** The most bytes of the line that begins a value. */
const MAX_HEAD: i32 = 1 + MAX_DECIMAL + 2;
const SCRATCH = memory.data(MAX_DECIMAL);

/**
 * Writes the command that runs a script.
 * @param verb EVALSHA or EVAL
 * @param script the SHA-1 of the script for EVALSHA, its text for EVAL
 * @returns false if the command is too long; then nothing is written
 */
export function appendCommand(out: ByteBuilder, verb: Bytes, script: Bytes, command: Command): bool {
  // Of one that is too long, an unknown part is missing.
  if (command.overflowed) return false;
  const count = 3 + command.length;
  const content = verb.byteLength + script.byteLength + MAX_DECIMAL + command.size;
  let at = out.append(MAX_HEAD + count * (MAX_HEAD + 2) + content);
  if (at == 0) return false;
  at = writeHead(at, ASTERISK, count);
  at = writeBulk(at, addressOf(verb), verb.byteLength);
  at = writeBulk(at, addressOf(script), script.byteLength);
  at = writeBulk(at, SCRATCH, writeDecimal(SCRATCH, command.keys));
  let argument = command.first;
  for (let i = 0; i < command.length; ++i, argument = nextTo(argument)) {
    at = writeBulk(at, bytesAt(argument), sizeAt(argument));
  }
  out.endAt(at);
  return true;
}

/** Writes a string of `len` bytes, with its head and end. @returns the end */
function writeBulk(at: usize, ptr: usize, len: i32): usize {
  const content = writeHead(at, DOLLAR, len);
  copy(content, ptr, len);
  return writeEnd(content + len);
}

/** Writes `<type><count>\r\n` where `MAX_HEAD` bytes are free. @returns the end */
// @ts-ignore: decorator
@inline
function writeHead(at: usize, type: u8, count: i32): usize {
  store<u8>(at, type);
  if (count >= 10) return writeEnd(at + 1 + writeDecimal(at + 1, count));
  store<u8>(at, DIGIT_0 + <u8>count, 1);
  return writeEnd(at + 2);
}

// @ts-ignore: decorator
@inline
function writeEnd(at: usize): usize {
  store<u8>(at, CR);
  store<u8>(at, LF, 1);
  return at + 2;
}

// The position of the parser, and the text of the latest line or string.
let at: usize = 0;
let end: usize = 0;
let text: usize = 0;
let size: i32 = 0;
// The value that `scalar` read last, if that is a number.
let number: i64 = NOT_A_NUMBER;

/**
 * Reads the value at `ptr` into `reply`; bytes after it are ignored.
 * @returns false if the bytes are not a complete value, or an array that holds an array or too many elements
 */
export function parseReply(ptr: usize, len: i32, reply: Reply): bool {
  at = ptr;
  end = ptr + len;
  const type = line();
  if (type != ASTERISK) {
    const kind = scalar(type);
    reply.begin(kind);
    if (kind == ReplyKind.Error) reply.error = copyOf(text, size);
    return kind != ReplyKind.Malformed;
  }
  const count = parseInteger(text, size);
  reply.begin(count == -1 ? ReplyKind.Null : ReplyKind.Array);
  // NOT_A_NUMBER is negative too.
  if (count < -1) return false;
  for (let i: i64 = 0; i < count; ++i) {
    const kind = scalar(line());
    if (kind == ReplyKind.Malformed) return false;
    if (kind == ReplyKind.Error && reply.error.byteLength == 0) reply.error = copyOf(text, size);
    if (!reply.add(kind, number)) return false;
  }
  return true;
}

/** Reads the rest of a value that is not an array; `type` is the first byte of its first line. Sets the text to its bytes. */
function scalar(type: u8): ReplyKind {
  number = NOT_A_NUMBER;
  switch (type) {
    case PLUS:
      number = parseInteger(text, size);
      return ReplyKind.Status;
    case MINUS:
      return ReplyKind.Error;
    case COLON:
      number = parseInteger(text, size);
      return number == NOT_A_NUMBER ? ReplyKind.Malformed : ReplyKind.Integer;
    case DOLLAR:
      return bulk(parseInteger(text, size));
    default:
      return ReplyKind.Malformed;
  }
}

function bulk(length: i64): ReplyKind {
  text = at;
  size = 0;
  if (length == -1) return ReplyKind.Null;
  if (length < 0 || length + 2 > <i64>(end - at)) return ReplyKind.Malformed;
  size = <i32>length;
  if (load<u8>(text + size) != CR || load<u8>(text + size, 1) != LF) return ReplyKind.Malformed;
  at += size + 2;
  number = parseInteger(text, size);
  return ReplyKind.Bulk;
}

/** Reads a line: sets the text to it, without the first byte. @returns that byte; 0 if there is no complete line */
// @ts-ignore: decorator
@inline
function line(): u8 {
  for (let p = at + 1; p + 1 < end; ++p) {
    if (load<u8>(p) != CR || load<u8>(p, 1) != LF) continue;
    const type = load<u8>(at);
    text = at + 1;
    size = <i32>(p - text);
    at = p + 2;
    return type;
  }
  return 0;
}
