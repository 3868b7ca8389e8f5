import { ByteBuilder } from "../bytes/builder";
import { addressOf, Bytes } from "../bytes/bytes";
import { decimalLength, writeDecimal } from "../bytes/decimal";

/** A command takes at most so many bytes, in whichever form it is sent; one that is longer is not sent. */
export const MAX_COMMAND: i32 = 1 << 20;
/** What stands before the bytes of an argument: their number. */
const HEAD: i32 = 4;

/**
 * The arguments of a script, keys first. They are collected once and count themselves, so that whoever writes the command
 * out announces as many as there are: on a connection that all plugins of a worker share, one argument more or less would
 * give everybody the reply to another command.
 *
 *     argument   its length : 32 | its bytes
 */
@final
export class Command {
  private readonly buffer: ByteBuilder = new ByteBuilder(512, MAX_COMMAND);
  /** How many arguments there are, keys included. */
  length: i32 = 0;
  /** How many of them are keys. */
  keys: i32 = 0;

  clear(): void {
    this.buffer.clear();
    this.length = 0;
    this.keys = 0;
  }

  /** Adds a key: the `len` bytes at `ptr`. Keys are added before all else. */
  key(ptr: usize, len: i32): void {
    ++this.keys;
    this.add(ptr, len);
  }

  /** Adds a text. */
  text(value: Bytes): void {
    this.add(addressOf(value), value.byteLength);
  }

  /** Adds a number, in decimal. */
  number(value: i64): void {
    const size = decimalLength(value);
    const at = this.begin(size);
    if (at != 0) writeDecimal(at, value);
  }

  /** Whether something has been left out, because the command became too long. */
  get overflowed(): bool {
    return this.buffer.overflowed;
  }

  /** The place of the first argument, for `sizeAt`, `bytesAt` and `nextTo`; valid until something is added. */
  get first(): usize {
    return this.buffer.ptr;
  }

  private add(ptr: usize, len: i32): void {
    const at = this.begin(len);
    if (at != 0) memory.copy(at, ptr, len);
  }

  /** Makes room for the bytes of an argument; 0 if there is none. */
  private begin(size: i32): usize {
    ++this.length;
    const at = this.buffer.append(HEAD + size);
    if (at == 0) return 0;
    store<i32>(at, size);
    return at + HEAD;
  }
}

/** The length of the argument at this place, in bytes. */
export function sizeAt(argument: usize): i32 {
  return load<i32>(argument);
}

/** Where its bytes are. */
export function bytesAt(argument: usize): usize {
  return argument + HEAD;
}

/** The place of the argument behind it. */
export function nextTo(argument: usize): usize {
  return argument + HEAD + sizeAt(argument);
}
