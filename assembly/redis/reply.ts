import { Bytes, EMPTY } from "../bytes/bytes";
import { NOT_A_NUMBER } from "../bytes/decimal";
import { grown } from "../bytes/grown";

export const enum ReplyKind {
  /** No reply. */
  Malformed,
  /** `+OK` */
  Status,
  /** `-ERR …` */
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

/** A reply with more elements is malformed: our scripts return three for each of 512 counters, five of a hold, and a number. */
const MAX_ELEMENTS = 1542;
const FIRST_ELEMENTS = 16;

/**
 * The reply of Redis to a script: an error, an array of values, or a single value, which none of our scripts returns. Strings
 * are kept only as numbers, if they are decimal. One object serves many replies, one after another.
 */
@final
export class Reply {
  kind: ReplyKind = ReplyKind.Malformed;
  /** The message of an Error, or of the first error in an Array, without the minus. */
  error: Bytes = EMPTY;
  /** The number of elements of an Array. */
  length: i32 = 0;

  private kinds: StaticArray<ReplyKind> = new StaticArray<ReplyKind>(FIRST_ELEMENTS);
  private numbers: StaticArray<i64> = new StaticArray<i64>(FIRST_ELEMENTS);

  /** Starts a new reply of this kind, without elements. */
  begin(kind: ReplyKind): void {
    this.kind = kind;
    this.error = EMPTY;
    this.length = 0;
  }

  /** Adds an element to an Array. @returns false if it has too many */
  add(kind: ReplyKind, number: i64 = NOT_A_NUMBER): bool {
    const index = this.length;
    if (index == MAX_ELEMENTS) return false;
    if (index == this.kinds.length) this.grow();
    unchecked((this.kinds[index] = kind));
    unchecked((this.numbers[index] = number));
    this.length = index + 1;
    return true;
  }

  /** Removes the last element of an Array if it is this number. @returns whether it was */
  takeLast(number: i64): bool {
    const last = this.length - 1;
    if (this.kind != ReplyKind.Array || last < 0 || this.numbers[last] != number) return false;
    this.length = last;
    return true;
  }

  kindAt(index: i32): ReplyKind {
    return this.kinds[index];
  }

  /** An element as a number: an integer, or a decimal string; NOT_A_NUMBER for others. */
  numberAt(index: i32): i64 {
    return this.numbers[index];
  }

  private grow(): void {
    this.kinds = grown(this.kinds, this.kinds.length * 2);
    this.numbers = grown(this.numbers, this.numbers.length * 2);
  }
}
