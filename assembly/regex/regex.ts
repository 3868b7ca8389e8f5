import { Bytes } from "../bytes/bytes";
import { Automaton, automatonOf } from "./automaton";
import { Literal } from "./literal";
import { Parser } from "./parser";
import { Pattern } from "./pattern";
import { Found, Program } from "./program";
import { simulate } from "./simulation";
import { reserveThreads } from "./threads";

/** A compiled regular expression. */
@final
export class Regex {
  constructor(
    private automaton: Automaton | null,
    /** The program to simulate if there is no automaton. */
    private program: Program | null,
  ) {}

  /**
   * Looks for a match anywhere in the `len` bytes at `ptr`, read as UTF-8, with U+FFFD for each invalid byte. The time is linear
   * in `len` for every pattern (`cost.ts` says how long), and nothing is allocated.
   */
  search(ptr: usize, len: i32): Found {
    const automaton = this.automaton;
    if (automaton !== null) return automaton.search(ptr, len);
    const program = this.program;
    return program !== null ? simulate(program, ptr, len) : Found.Nothing;
  }
}

/** The result of compiling a pattern. */
@final
class RegexResult {
  constructor(
    /** The expression; null if the pattern was refused. */
    public regex: Regex | null,
    /** Why it was refused, in the words of Go's regexp/syntax, sometimes with what to write instead; or "". */
    public error: string,
    /** The byte offset in the pattern where the error begins. */
    public offset: i32,
  ) {}
}

/**
 * Compiles a pattern in RE2 syntax, as accepted by Go 1.26's regexp.Compile (https://github.com/google/re2/wiki/Syntax,
 * https://pkg.go.dev/regexp/syntax). Differences: Unicode properties and case folding have the version that unicode-data.ts names
 * (Go: 15.0); script names of two words are known (Go 1.25 and 1.26 refuse them); limits are lower: 16 KB of pattern, 10,000
 * instructions, 999 nested groups of any kind.
 *
 * A regular expression takes a few hundred bytes, and at most about 10 KB with an automaton or 300 KB without one. Compiling uses
 * scratch memory that all patterns share: some 10 KB for ordinary patterns, at most about 2 MB.
 */
export function compileRegex(pattern: Bytes): RegexResult {
  const p = new Pattern(pattern);
  const parser = new Parser(p);
  if (!parser.parse()) return new RegexResult(null, p.error, p.errorAt);
  const program = parser.program();
  reserveThreads(program.code.length);
  const automaton = automatonOf(program);
  return new RegexResult(new Regex(automaton, automaton === null ? program : null), "", 0);
}

/** The result of checking a pattern. */
@final
export class RegexCheck {
  constructor(
    /** Bytes that all matching texts have; null if the pattern is refused. */
    readonly literal: Literal | null,
    /** The number of words of code that it compiles to. */
    readonly size: i32,
    /** Why it is refused, or ""; see `RegexResult`. This never quotes the pattern. */
    readonly reason: string,
    readonly offset: i32,
  ) {}
}

/** Checks whether `compileRegex` accepts a pattern, without building what a search needs. */
export function checkRegex(pattern: Bytes): RegexCheck {
  const p = new Pattern(pattern);
  const parser = new Parser(p);
  if (!parser.parse()) return new RegexCheck(null, 0, p.reason, p.errorAt);
  return new RegexCheck(parser.literal(), parser.size, "", 0);
}

/** Whether a pattern that `checkRegex` accepts gets an automaton when it is compiled. */
export function isDeterministic(pattern: Bytes): bool {
  const parser = new Parser(new Pattern(pattern));
  if (!parser.parse()) return false;
  const program = parser.program();
  reserveThreads(program.code.length);
  return automatonOf(program) !== null;
}
