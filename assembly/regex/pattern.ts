import { addressOf, Bytes } from "../bytes/bytes";
import { decodeRune, decodeText, REPLACEMENT, runeLength } from "../bytes/utf8";

/** Why a pattern is refused, in the words of Go's regexp/syntax. */
export const MISSING_PAREN = "missing closing )";
export const UNEXPECTED_PAREN = "unexpected )";
export const MISSING_BRACKET = "missing closing ]";
export const MISSING_ARGUMENT = "missing argument to repetition operator";
export const BAD_REPEAT = "invalid nested repetition operator";
export const BAD_REPEAT_SIZE = "invalid repeat count";
export const BAD_RANGE = "invalid character class range";
export const BAD_ESCAPE = "invalid escape sequence";
export const BAD_NAME = "invalid named capture";
export const BAD_PERL = "invalid or unsupported Perl syntax";
const BAD_UTF8 = "invalid UTF-8";
export const TRAILING_BACKSLASH = "trailing backslash at end of expression";
export const TOO_DEEP = "expression nests too deeply";
export const TOO_LARGE = "expression too large";

/** What `Pattern.count` returns if there is no number. */
export const NO_COUNT: i32 = i32.MIN_VALUE;

const UNKNOWN: i32 = -2;

/** The most ranges of Unicode properties in a pattern, counting each time that one is named; `\pL` has about 680. */
const MAX_SPENT: i32 = 1 << 18;

/** A cursor over the pattern, which also keeps the first error. */
@final
export class Pattern {
  /** The offset of the next byte. */
  at: i32 = 0;
  /** The first error, or ""; `reason` is the same without quoting the pattern, which may contain a secret. */
  error: string = "";
  reason: string = "";
  /** The byte offset at which the first error begins. */
  errorAt: i32 = 0;

  private posixEnd: i32 = UNKNOWN;
  private spent: i32 = 0;

  constructor(private bytes: Bytes) {}

  get length(): i32 {
    return this.bytes.byteLength;
  }

  get failed(): bool {
    return this.error.length > 0;
  }

  /** The byte `ahead` of the cursor, or -1 past the end. */
  peek(ahead: i32 = 0): i32 {
    return this.byteAt(this.at + ahead);
  }

  /** The byte at offset `i`, or -1 past the end. */
  byteAt(i: i32): i32 {
    return i < this.length ? <i32>load<u8>(addressOf(this.bytes) + i) : -1;
  }

  /** Whether the bytes at the cursor plus `ahead` are the ASCII `text`. */
  follows(text: string, ahead: i32 = 0): bool {
    for (let i = 0; i < text.length; ++i) {
      if (this.peek(ahead + i) != text.charCodeAt(i)) return false;
    }
    return true;
  }

  /** The offset of the next ASCII `text` at or after `from`, or -1. */
  find(text: string, from: i32): i32 {
    for (let i = from; i < this.length; ++i) {
      if (this.follows(text, i - this.at)) return i;
    }
    return -1;
  }

  /** The offset of the last `:]`, or -1. Searched only once, so that many `[:` without an end do not take longer. */
  lastPosixEnd(): i32 {
    if (this.posixEnd == UNKNOWN) {
      let i = this.length - 2;
      while (i >= 0 && !this.follows(":]", i - this.at)) --i;
      this.posixEnd = max(i, -1);
    }
    return this.posixEnd;
  }

  /** Counts ranges of named properties. @returns false, with an error, if the pattern has too many of them */
  spend(ranges: i32): bool {
    this.spent += ranges;
    if (this.spent > MAX_SPENT) this.failAt(TOO_LARGE, this.at, "it names too many Unicode properties");
    return !this.failed;
  }

  /** Reads the rune at the cursor. @returns -1 at the end; -1 with an error if it is not UTF-8 */
  next(): i32 {
    if (this.at >= this.length) return -1;
    const ptr = addressOf(this.bytes);
    const rune = decodeRune(ptr + this.at, ptr + this.length);
    if (rune == REPLACEMENT && runeLength == 1) {
      this.fail(BAD_UTF8, this.at, this.length);
      return -1;
    }
    this.at += runeLength;
    return rune;
  }

  /** Reads a decimal number without leading zeros. Huge numbers are capped. @returns `NO_COUNT` if there is none */
  count(): i32 {
    const from = this.at;
    let value = 0;
    for (; <u32>(this.peek() - 0x30) < 10; ++this.at) value = min(value * 10 + this.peek() - 0x30, 100_000);
    const digits = this.at - from;
    return digits == 0 || (digits > 1 && this.peek(-digits) == 0x30) ? NO_COUNT : value;
  }

  /** Fails with an error unless the bytes `from` to `to` are UTF-8. */
  checkUtf8(from: i32, to: i32): bool {
    const back = this.at;
    this.at = from;
    while (this.at < to && this.next() >= 0) {}
    this.at = back;
    return !this.failed;
  }

  /** The bytes `from` (inclusive) to `to` (exclusive) as text. */
  text(from: i32, to: i32): string {
    return decodeText(addressOf(this.bytes) + from, to - from);
  }

  /** Keeps an error about the pattern, or the rest of it, that does not need a quotation. */
  failAt(reason: string, at: i32, hint: string = ""): void {
    if (this.failed) return;
    this.reason = hint.length > 0 ? reason + "; " + hint : reason;
    this.error = this.reason;
    this.errorAt = at;
  }

  /** Keeps an error about the bytes `from` to `to`, quoting them as Go does, unless there is an earlier one. */
  fail(reason: string, from: i32, to: i32, hint: string = ""): void {
    if (this.failed) return;
    this.failAt(reason, from, hint);
    this.error = reason + ": `" + this.text(from, to) + "`" + (hint.length > 0 ? "; " + hint : "");
  }
}
