import { decimalText } from "../bytes/decimal";
import {
  ASTERISK,
  BACKSLASH,
  CARET,
  COLON,
  COMMA,
  DOLLAR,
  DOT,
  LEFT_BRACE,
  LEFT_BRACKET,
  LEFT_PAREN,
  LF,
  PIPE,
  PLUS,
  QUESTION,
  RIGHT_BRACE,
  RIGHT_PAREN,
} from "../bytes/ascii";
import { parseClass, parseClassEscape } from "./class-parser";
import { Code } from "./code";
import { parseEscape } from "./escapes";
import { foldSet } from "./fold";
import {
  BAD_REPEAT,
  BAD_REPEAT_SIZE,
  MISSING_ARGUMENT,
  MISSING_PAREN,
  NO_COUNT,
  Pattern,
  TOO_DEEP,
  TOO_LARGE,
  UNEXPECTED_PAREN,
} from "./pattern";
import { Group } from "./group";
import { Flag, isNamed, parseFlags, skipName } from "./group-syntax";
import { divide, link } from "./link";
import { Literal, literalOf } from "./literal";
import { Assertion, MAX_CODE, Op, Program } from "./program";
import { RuneSet } from "./rune-set";
import { SetTable } from "./set-table";

/** The longest pattern, in bytes. */
const MAX_PATTERN: i32 = 1 << 14;
/** The deepest nesting of groups. Go limits the height of its tree, which comes to the same for plain groups. */
const MAX_DEPTH: i32 = 999;
/** The highest repeat count, and the highest product of nested repeat counts. */
const MAX_REPEAT: i32 = 1000;

/** Scratch memory, reused for each pattern. */
const code = new Code();
const sets = new SetTable();
const set = new RuneSet();

/**
 * Compiles a pattern in one pass. Each construct appends its code; a repetition, or the end of an alternative, wraps the code
 * before it. There is no tree and no recursion, however deep the nesting is.
 *
 * The grammar is https://github.com/google/re2/wiki/Syntax as Go 1.26's regexp/syntax accepts it.
 */
@final
export class Parser {
  private groups: Group[] = [];
  private group: Group = new Group(0, 0, 0);
  private flags: i32 = 0;
  /** The beginning of the code that a repetition would repeat; -1 if there is none. */
  private atom: i32 = -1;
  /** The product of nested repeat counts in that code. */
  private atomRepeats: i32 = 1;
  /** The offset of the repetition operator right before the cursor, or -1. */
  private lastRepeat: i32 = -1;
  /** The assertions used so far. */
  private assertions: i32 = 0;

  constructor(private p: Pattern) {
    code.clear();
    sets.clear();
  }

  /** Reads the pattern. Its results are valid until the next pattern is read. @returns false if it has an error */
  parse(): bool {
    const p = this.p;
    if (p.length > MAX_PATTERN)
      p.failAt(TOO_LARGE, 0, `at most ${decimalText(MAX_PATTERN)} bytes are allowed`);
    while (!p.failed && p.at < p.length) {
      const from = p.at;
      const before = this.lastRepeat;
      this.lastRepeat = -1;
      this.item(before);
      if (code.overflowed) this.tooLong(from);
    }
    if (this.groups.length > 0) p.failAt(MISSING_PAREN, this.group.at);
    if (p.failed) return false;
    this.endGroup();
    code.emit(Op.Match, 0);
    if (code.overflowed) this.tooLong(0);
    else if (!divide(sets, this.assertions)) {
      p.failAt(TOO_LARGE, 0, "its character classes need too much memory");
    }
    return !p.failed;
  }

  /** After `parse` has succeeded: the literal that all matches contain. */
  literal(): Literal {
    return literalOf(code, sets);
  }

  /** After `parse` has succeeded: the number of words of code. */
  get size(): i32 {
    return code.length;
  }

  /** After `parse` has succeeded: the compiled pattern. */
  program(): Program {
    return link(code, this.assertions);
  }

  private tooLong(at: i32): void {
    this.p.failAt(TOO_LARGE, at, `it compiles to more than ${decimalText(MAX_CODE)} instructions`);
  }

  /** Reads one item of the syntax. @param before the offset of a repetition right before it, or -1 */
  private item(before: i32): void {
    const p = this.p;
    const c = p.peek();
    switch (c) {
      case LEFT_PAREN:
        return this.openGroup();
      case RIGHT_PAREN:
        return this.closeGroup();
      case PIPE:
        ++p.at;
        this.group.jump = code.alternative(this.group.alternative, this.group.jump);
        this.group.alternative = code.length;
        this.atom = -1;
        return;
      case ASTERISK:
        return this.repetition(0, -1, 1, before);
      case PLUS:
        return this.repetition(1, -1, 1, before);
      case QUESTION:
        return this.repetition(0, 1, 1, before);
      case LEFT_BRACE:
        return this.counted(before);
      case CARET:
        return this.assertion(this.has(Flag.MultiLine) ? Assertion.BeginLine : Assertion.BeginText, 1);
      case DOLLAR:
        return this.assertion(this.has(Flag.MultiLine) ? Assertion.EndLine : Assertion.EndText, 1);
      case DOT:
        ++p.at;
        return this.any();
      case LEFT_BRACKET: {
        set.clear();
        parseClass(p, set, this.has(Flag.FoldCase));
        return this.oneOf();
      }
      case BACKSLASH:
        return this.escape();
      default:
        return this.rune(p.next());
    }
  }

  private has(flag: Flag): bool {
    return (this.flags & flag) != 0;
  }

  /** Begins code that a repetition operator may repeat. */
  private beginAtom(): void {
    this.group.repeats = max(this.group.repeats, this.atomRepeats);
    this.atomRepeats = 1;
    this.atom = code.length;
  }

  /** Appends the set that has just been read. */
  private oneOf(): void {
    if (this.p.failed) return;
    this.beginAtom();
    code.emit(Op.Class, sets.add(set));
  }

  private rune(rune: i32): void {
    if (this.p.failed) return;
    set.clear();
    set.add(rune, rune);
    if (this.has(Flag.FoldCase)) foldSet(set);
    this.oneOf();
  }

  private any(): void {
    set.clear();
    if (!this.has(Flag.DotAll)) set.add(LF, LF);
    set.negate();
    this.oneOf();
  }

  private assertion(which: Assertion, length: i32): void {
    this.p.at += length;
    this.beginAtom();
    this.assertions |= which;
    code.emit(Op.Assert, which);
  }

  private escape(): void {
    const p = this.p;
    switch (p.peek(1)) {
      case 0x41: // A
        return this.assertion(Assertion.BeginText, 2);
      case 0x7a: // z
        return this.assertion(Assertion.EndText, 2);
      case 0x62: // b
        return this.assertion(Assertion.WordBoundary, 2);
      case 0x42: // B
        return this.assertion(Assertion.NoWordBoundary, 2);
      case 0x51: // Q
        return this.quoted();
    }
    set.clear();
    if (parseClassEscape(p, set, this.has(Flag.FoldCase))) this.oneOf();
    else if (!p.failed) this.rune(parseEscape(p));
  }

  /** Reads `\Q...\E`, in which all runes are literals. The end of the pattern may replace `\E`. */
  private quoted(): void {
    const p = this.p;
    const end = p.find("\\E", p.at + 2);
    const stop = end < 0 ? p.length : end;
    p.at += 2;
    while (p.at < stop && !p.failed) this.rune(p.next());
    p.at = end < 0 ? stop : end + 2;
  }

  /** Reads `{n}`, `{n,}` or `{n,m}`; any other brace is a literal. */
  private counted(before: i32): void {
    const p = this.p;
    const from = p.at++;
    const least = p.count();
    let most = least;
    if (least != NO_COUNT && p.peek() == COMMA) {
      ++p.at;
      most = p.peek() == RIGHT_BRACE ? -1 : p.count();
    }
    if (least == NO_COUNT || most == NO_COUNT || p.peek() != RIGHT_BRACE) {
      p.at = from;
      return this.rune(p.next());
    }
    const length = p.at + 1 - from;
    p.at = from;
    if (least > MAX_REPEAT || most > MAX_REPEAT || (most >= 0 && least > most)) {
      return p.fail(BAD_REPEAT_SIZE, from, from + length, `counts go up to ${decimalText(MAX_REPEAT)}`);
    }
    this.repetition(least, most, length, before);
  }

  /** Applies the operator of `length` bytes at the cursor: `min` to `max` times, -1 for no upper bound. */
  private repetition(min: i32, max: i32, length: i32, before: i32): void {
    const p = this.p;
    const from = p.at;
    p.at += length;
    // Lazy or greedy does not change whether there is a match.
    if (p.peek() == QUESTION) ++p.at;
    if (before >= 0) return p.fail(BAD_REPEAT, before, p.at, "write (?:...) around the inner one");
    if (this.atom < 0)
      return p.fail(MISSING_ARGUMENT, from, p.at, "write \\ before it to match it literally");

    this.lastRepeat = from;
    const repeats = this.atomRepeats * (max < 0 ? min : max);
    if (repeats > MAX_REPEAT && (min >= 2 || max >= 2)) {
      return p.fail(BAD_REPEAT_SIZE, from, p.at, `nested counts multiply up to ${decimalText(MAX_REPEAT)}`);
    }
    this.atomRepeats = max == 0 ? 1 : repeats > 0 ? repeats : this.atomRepeats;
    code.repeat(this.atom, min, max);
  }

  private openGroup(): void {
    const p = this.p;
    const from = p.at;
    if (p.peek(1) != QUESTION) {
      ++p.at;
      this.beginGroup(from, this.flags);
    } else if (isNamed(p)) {
      if (skipName(p)) this.beginGroup(from, this.flags);
    } else {
      const flags = parseFlags(p, this.flags);
      if (flags < 0) return;
      if (p.peek(-1) == COLON) this.beginGroup(from, flags);
      else this.flags = flags;
    }
  }

  private beginGroup(at: i32, flags: i32): void {
    if (this.groups.length >= MAX_DEPTH) return this.p.failAt(TOO_DEEP, at);
    this.group.repeats = max(this.group.repeats, this.atomRepeats);
    this.groups.push(this.group);
    this.group = new Group(code.length, at, this.flags);
    this.flags = flags;
    this.atom = -1;
    this.atomRepeats = 1;
  }

  private closeGroup(): void {
    if (this.groups.length == 0) {
      return this.p.failAt(UNEXPECTED_PAREN, this.p.at, "write \\) to match it literally");
    }
    ++this.p.at;
    this.endGroup();
    const closed = this.group;
    this.flags = closed.flags;
    this.atom = closed.start;
    this.atomRepeats = max(this.atomRepeats, closed.repeats);
    this.group = this.groups.pop();
  }

  private endGroup(): void {
    code.land(this.group.jump);
  }
}
