import {
  ASTERISK,
  CARET,
  COLON,
  COMMA,
  DOLLAR,
  DOT,
  LEFT_BRACE,
  LEFT_BRACKET,
  LEFT_PAREN,
  LF,
  MINUS,
  PIPE,
  PLUS,
  QUESTION,
  RIGHT_BRACE,
  RIGHT_PAREN,
  UNDERSCORE,
} from "../bytes/ascii";
import { parseClass, parseClassEscape } from "./class-parser";
import { Code } from "./code";
import { isAlphanumeric, parseEscape } from "./escapes";
import { addFolded } from "./fold";
import {
  BAD_NAME,
  BAD_PERL,
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
import { link } from "./link";
import { Assertion, MAX_CODE, Op, Program } from "./program";
import { RuneSet } from "./rune-set";
import { SetTable } from "./set-table";

const BACKSLASH: i32 = 0x5c;

/** The longest pattern, in bytes. */
const MAX_PATTERN: i32 = 1 << 14;
/** The deepest nesting of groups. Go counts the height of its tree, with the same limit for plain groups. */
const MAX_DEPTH: i32 = 999;
/** The highest repeat count, also of nested repetitions multiplied. */
const MAX_REPEAT: i32 = 1000;

const NO_LOOKAROUND = "lookaround is not supported";

const enum Flag {
  FoldCase = 1,
  MultiLine = 2,
  DotAll = 4,
  /** Swaps greedy and lazy, which makes no difference to whether there is a match. */
  Ungreedy = 8,
}

/** A group that is open; the outermost is the whole pattern. */
@final
class Group {
  /** Where the current alternative begins in the code. */
  alternative: i32;
  /** The last of the jumps that end the alternatives before, or -1. */
  jump: i32 = -1;
  /** The largest product of nested repeat counts so far. */
  repeats: i32 = 1;

  constructor(
    /** Where its code begins. */
    public start: i32,
    /** Where its `(` is. */
    public at: i32,
    /** The flags to be restored after it. */
    public flags: i32,
  ) {
    this.alternative = start;
  }
}

/**
 * Compiles a pattern in one pass: each construct appends its code, and what follows (a repetition, the end of an
 * alternative) wraps the code of what came before. There is no tree and no recursion, whatever the nesting.
 *
 * The grammar is that of https://github.com/google/re2/wiki/Syntax as Go 1.26's regexp/syntax accepts it.
 */
@final
export class Parser {
  private code: Code = new Code();
  private sets: SetTable = new SetTable();
  private groups: Group[] = [];
  private group: Group = new Group(0, 0, 0);
  private flags: i32 = 0;
  /** Where the code begins that a repetition would repeat, or -1 when there is none. */
  private atom: i32 = -1;
  /** The product of nested repeat counts in that code. */
  private atomRepeats: i32 = 1;
  /** Where the repetition operator just before the cursor begins, or -1. */
  private lastRepeat: i32 = -1;
  /** The assertions used so far. */
  private assertions: i32 = 0;

  constructor(private p: Pattern) {}

  /** The program, or null when the pattern has an error. */
  parse(): Program | null {
    const p = this.p;
    if (p.length > MAX_PATTERN) p.failAt(TOO_LARGE, 0, `at most ${MAX_PATTERN} bytes are allowed`);
    while (!p.failed && p.at < p.length) {
      const from = p.at;
      const before = this.lastRepeat;
      this.lastRepeat = -1;
      this.item(before);
      if (this.code.overflowed) this.refuseSize(from);
    }
    if (this.groups.length > 0) p.failAt(MISSING_PAREN, this.group.at);
    if (p.failed) return null;
    this.endGroup();
    this.code.emit(Op.Match, 0);
    if (!this.code.overflowed) {
      const program = link(this.code, this.sets, this.assertions);
      if (program !== null) return program;
    }
    this.refuseSize(0);
    return null;
  }

  private refuseSize(at: i32): void {
    this.p.failAt(
      TOO_LARGE,
      at,
      `it compiles to more than ${MAX_CODE} instructions; use smaller repeat counts`,
    );
  }

  /** Reads one item of the syntax; `before` is where a repetition just before it begins, or -1. */
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
        this.group.jump = this.code.alternative(this.group.alternative, this.group.jump);
        this.group.alternative = this.code.length;
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
        const set = new RuneSet();
        parseClass(p, set, this.has(Flag.FoldCase));
        return this.oneOf(set);
      }
      case BACKSLASH:
        return this.escape();
      default:
        return this.literal(p.next());
    }
  }

  private has(flag: Flag): bool {
    return (this.flags & flag) != 0;
  }

  /** Begins code that a repetition operator would repeat. */
  private beginAtom(): void {
    this.group.repeats = max(this.group.repeats, this.atomRepeats);
    this.atomRepeats = 1;
    this.atom = this.code.length;
  }

  private oneOf(set: RuneSet): void {
    if (this.p.failed) return;
    this.beginAtom();
    this.code.emit(Op.Class, this.sets.add(set));
  }

  private literal(rune: i32): void {
    if (this.p.failed) return;
    const set = new RuneSet();
    if (this.has(Flag.FoldCase)) addFolded(set, rune, rune);
    else set.add(rune, rune);
    this.oneOf(set);
  }

  private any(): void {
    const set = new RuneSet();
    if (!this.has(Flag.DotAll)) set.add(LF, LF);
    set.negate();
    this.oneOf(set);
  }

  private assertion(which: Assertion, length: i32): void {
    this.p.at += length;
    this.beginAtom();
    this.assertions |= which;
    this.code.emit(Op.Assert, which);
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
    const set = new RuneSet();
    if (parseClassEscape(p, set, this.has(Flag.FoldCase))) this.oneOf(set);
    else if (!p.failed) this.literal(parseEscape(p));
  }

  /** Reads `\Q...\E`, whose runes are all literals; the end of the pattern may stand for `\E`. */
  private quoted(): void {
    const p = this.p;
    const end = p.find("\\E", p.at + 2);
    const stop = end < 0 ? p.length : end;
    p.at += 2;
    while (p.at < stop && !p.failed) this.literal(p.next());
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
      return this.literal(p.next());
    }
    const length = p.at + 1 - from;
    p.at = from;
    if (least > MAX_REPEAT || most > MAX_REPEAT || (most >= 0 && least > most)) {
      return p.fail(BAD_REPEAT_SIZE, from, from + length, `counts go up to ${MAX_REPEAT}`);
    }
    this.repetition(least, most, length, before);
  }

  /** Applies the operator of `length` bytes at the cursor: `min` to `max` times, -1 for no upper bound. */
  private repetition(min: i32, max: i32, length: i32, before: i32): void {
    const p = this.p;
    const from = p.at;
    p.at += length;
    // Lazy or greedy, it matches or it does not.
    if (p.peek() == QUESTION) ++p.at;
    if (before >= 0) return p.fail(BAD_REPEAT, before, p.at, "write (?:...) around the inner one");
    if (this.atom < 0)
      return p.fail(MISSING_ARGUMENT, from, p.at, "write \\ before it to match it literally");

    this.lastRepeat = from;
    const repeats = this.atomRepeats * (max < 0 ? min : max);
    if (repeats > MAX_REPEAT && (min >= 2 || max >= 2)) {
      return p.fail(BAD_REPEAT_SIZE, from, p.at, `nested counts multiply up to ${MAX_REPEAT}`);
    }
    this.atomRepeats = max == 0 ? 1 : repeats > 0 ? repeats : this.atomRepeats;
    this.code.repeat(this.atom, min, max);
  }

  private openGroup(): void {
    const p = this.p;
    const from = p.at;
    if (p.peek(1) != QUESTION) {
      ++p.at;
      return this.beginGroup(from, this.flags);
    }
    const named = p.follows("(?P<") && p.peek(4) >= 0 ? 4 : p.follows("(?<") && p.peek(3) >= 0 ? 3 : 0;
    if (named > 0) {
      if (skipName(p, named)) this.beginGroup(from, this.flags);
      return;
    }
    this.flagged();
  }

  /** Reads `(?flags)`, which sets flags up to the end of the group, or `(?flags:`, which opens a group. */
  private flagged(): void {
    const p = this.p;
    const from = p.at;
    let flags = this.flags;
    let clearing = false;
    let seen = false;
    p.at += 2;
    for (;;) {
      const c = p.next();
      if (p.failed) return;
      const flag = flagOf(c);
      if (flag != 0) {
        flags = clearing ? flags & ~flag : flags | flag;
        seen = true;
      } else if (c == MINUS && !clearing) {
        clearing = true;
        seen = false;
      } else if ((c == COLON || c == RIGHT_PAREN) && (seen || !clearing)) {
        if (c == COLON) this.beginGroup(from, flags);
        else this.flags = flags;
        return;
      } else {
        return p.fail(BAD_PERL, from, p.at, hintFor(c));
      }
    }
  }

  private beginGroup(at: i32, flags: i32): void {
    if (this.groups.length >= MAX_DEPTH) return this.p.failAt(TOO_DEEP, at);
    this.group.repeats = max(this.group.repeats, this.atomRepeats);
    this.groups.push(this.group);
    this.group = new Group(this.code.length, at, this.flags);
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
    this.code.land(this.group.jump);
  }
}

/** Reads `(?P<name>` or `(?<name>`, whose name begins `offset` bytes after the cursor; false with an error. */
function skipName(p: Pattern, offset: i32): bool {
  const from = p.at;
  const begin = from + offset;
  const end = p.find(">", from);
  const hint = p.peek(3) == 0x3d || p.peek(3) == 0x21 ? NO_LOOKAROUND : "";
  if (!p.checkUtf8(end < 0 ? from : begin, end < 0 ? p.length : end)) return false;
  let valid = end > begin;
  for (let i = begin; i < end && valid; ++i) {
    const c = p.peek(i - from);
    valid = c == UNDERSCORE || isAlphanumeric(c);
  }
  if (valid) p.at = end + 1;
  else p.fail(BAD_NAME, from, end < 0 ? p.length : end + 1, hint);
  return valid;
}

function flagOf(c: i32): i32 {
  switch (c) {
    case 0x69: // i
      return Flag.FoldCase;
    case 0x6d: // m
      return Flag.MultiLine;
    case 0x73: // s
      return Flag.DotAll;
    case 0x55: // U
      return Flag.Ungreedy;
    default:
      return 0;
  }
}

/** What to say of a group that other engines know, by the character that follows `(?`. */
function hintFor(c: i32): string {
  switch (c) {
    case 0x3d: // =
    case 0x21: // !
      return NO_LOOKAROUND;
    case 0x3e: // >
      return "atomic groups are not supported, nor needed: no pattern backtracks";
    case 0x78: // x
      return "the flags are i, m, s and U";
    default:
      return "";
  }
}
