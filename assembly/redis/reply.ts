import { CR, LF } from "../bytes/ascii";
import { addressOf, Bytes, copyOf, EMPTY } from "../bytes/bytes";
import { NOT_A_NUMBER, parseInteger } from "../bytes/decimal";

export const enum ReplyKind {
  /** `+OK` */
  Status,
  /** `-ERR …`: `bytes` is the message without the minus */
  Error,
  /** `:42` */
  Integer,
  /** `$3 abc` */
  Bulk,
  /** `*2 …` */
  Array,
  /** `$-1` or `*-1` */
  Null,
}

/** More elements than that, all levels together, make a reply malformed; our scripts return fewer than a hundred. */
const MAX_ELEMENTS = 1024;
/** Deeper nesting makes a reply malformed; our scripts nest one level. */
const MAX_DEPTH = 4;

const NO_ITEMS: Reply[] = [];

/** One RESP2 value that Redis sent. */
@final
export class Reply {
  kind: ReplyKind = ReplyKind.Null;
  /** Of Status, Error and Bulk. */
  bytes: Bytes = EMPTY;
  /** Of Integer. */
  integer: i64 = 0;
  /** Of Array. */
  items: Reply[] = NO_ITEMS;

  /** The value as a number: an Integer, or a Bulk or Status in decimal; NOT_A_NUMBER for all else. */
  toInteger(): i64 {
    if (this.kind == ReplyKind.Integer) return this.integer;
    if (this.kind == ReplyKind.Bulk || this.kind == ReplyKind.Status) {
      return parseInteger(addressOf(this.bytes), this.bytes.byteLength);
    }
    return NOT_A_NUMBER;
  }
}

/**
 * Reads the one RESP2 value at `ptr`; bytes behind it are ignored.
 * @returns null when the bytes are not a whole RESP2 value within the bounds above
 */
export function parseReply(ptr: usize, len: i32): Reply | null {
  const parser = new Parser(ptr, ptr + len);
  return parser.value(0);
}


@final
class Parser {
  private elements: i32 = 0;

  constructor(
    private at: usize,
    private end: usize,
  ) {}

  value(depth: i32): Reply | null {
    if (this.at >= this.end || ++this.elements > MAX_ELEMENTS) return null;
    const type = load<u8>(this.at++);
    const line = this.at;
    const length = this.line();
    if (length < 0) return null;
    const reply = new Reply();
    switch (type) {
      case 0x2b: // +
        reply.kind = ReplyKind.Status;
        reply.bytes = copyOf(line, length);
        return reply;
      case 0x2d: // -
        reply.kind = ReplyKind.Error;
        reply.bytes = copyOf(line, length);
        return reply;
      case 0x3a: // :
        reply.kind = ReplyKind.Integer;
        reply.integer = parseInteger(line, length);
        return reply.integer == NOT_A_NUMBER ? null : reply;
      case 0x24: // $
        return this.bulk(reply, parseInteger(line, length));
      case 0x2a: // *
        return this.array(reply, parseInteger(line, length), depth);
      default:
        return null;
    }
  }

  private bulk(reply: Reply, size: i64): Reply | null {
    if (size == -1) return reply;
    if (size < 0 || size + 2 > <i64>(this.end - this.at)) return null;
    const after = this.at + <usize>size;
    if (load<u8>(after) != CR || load<u8>(after + 1) != LF) return null;
    reply.kind = ReplyKind.Bulk;
    reply.bytes = copyOf(this.at, <i32>size);
    this.at = after + 2;
    return reply;
  }

  private array(reply: Reply, count: i64, depth: i32): Reply | null {
    if (count == -1) return reply;
    if (count < 0 || count > MAX_ELEMENTS || depth >= MAX_DEPTH) return null;
    reply.kind = ReplyKind.Array;
    reply.items = [];
    for (let i: i64 = 0; i < count; ++i) {
      const item = this.value(depth + 1);
      if (item === null) return null;
      reply.items.push(item);
    }
    return reply;
  }

  /** Moves behind the next CR LF and returns the number of bytes before it, or -1 when there is none. */
  private line(): i32 {
    const from = this.at;
    for (let p = from; p + 1 < this.end; ++p) {
      if (load<u8>(p) == CR && load<u8>(p + 1) == LF) {
        this.at = p + 2;
        return <i32>(p - from);
      }
    }
    return -1;
  }
}
