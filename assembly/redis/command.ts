import { ByteBuilder } from "../bytes/builder";
import { addressOf, Bytes, copy } from "../bytes/bytes";
import { MAX_DECIMAL, writeDecimal } from "../bytes/decimal";

/** The maximum size of a command in bytes, in any encoding. A longer one is not sent. */
export const MAX_COMMAND: i32 = 3 << 20;
/** The size of the length field before the bytes of an argument. */
const HEAD: i32 = 4;

/**
 * The arguments of a script, keys first. They are counted as they are added, so that an encoded command announces exactly as
 * many arguments as it has. All plugins of a worker share a connection: with one argument more or less, each of them would
 * get the replies to other commands.
 *
 *     argument   its length : 32 | its bytes
 */
@final
export class Command {
  private readonly buffer: ByteBuilder = new ByteBuilder(512, MAX_COMMAND);
  /** The number of arguments, including keys. */
  length: i32 = 0;
  /** The number of keys. */
  keys: i32 = 0;

  clear(): void {
    this.buffer.clear();
    this.length = 0;
    this.keys = 0;
  }

  /** Adds a key: the `len` bytes at `ptr`. Keys must be added before other arguments. */
  key(ptr: usize, len: i32): void {
    ++this.keys;
    this.add(ptr, len);
  }

  /** Adds a text. */
  text(value: Bytes): void {
    this.add(addressOf(value), value.byteLength);
  }

  /** Adds the `len` bytes at `ptr`. */
  at(ptr: usize, len: i32): void {
    this.add(ptr, len);
  }

  /** Adds a number, in decimal. */
  number(value: i64): void {
    const at = this.begin(MAX_DECIMAL);
    if (at == 0) return;
    const size = writeDecimal(at, value);
    store<i32>(at - HEAD, size);
    this.buffer.endAt(at + size);
  }

  /** Whether something has been left out because the command became too long. */
  get overflowed(): bool {
    return this.buffer.overflowed;
  }

  /** The first argument, for `sizeAt`, `bytesAt` and `nextTo`; valid until something is added. */
  get first(): usize {
    return this.buffer.ptr;
  }

  /** An upper bound of the bytes of all arguments. */
  get size(): i32 {
    return this.buffer.length;
  }

  private add(ptr: usize, len: i32): void {
    const at = this.begin(len);
    if (at != 0) copy(at, ptr, len);
  }

  /** Makes room for an argument. @returns the address for its bytes; 0 if there is no room */
  // @ts-ignore: decorator
  @inline
  private begin(size: i32): usize {
    ++this.length;
    const at = this.buffer.append(HEAD + size);
    if (at == 0) return 0;
    store<i32>(at, size);
    return at + HEAD;
  }
}

/** The length of an argument, in bytes. */
export function sizeAt(argument: usize): i32 {
  return load<i32>(argument);
}

/** The address of its bytes. */
export function bytesAt(argument: usize): usize {
  return argument + HEAD;
}

/** The argument after it. */
export function nextTo(argument: usize): usize {
  return argument + HEAD + sizeAt(argument);
}
