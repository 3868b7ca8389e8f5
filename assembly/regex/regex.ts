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
    /** What to simulate when there is no automaton. */
    private program: Program | null,
  ) {}

  /**
   * Looks for a match anywhere in the `len` bytes at `ptr`, read as UTF-8, each invalid byte as U+FFFD. Takes time linear in
   * `len` for every pattern (`cost.ts` says how much), and allocates nothing.
   */
  search(ptr: usize, len: i32): Found {
    const automaton = this.automaton;
    if (automaton !== null) return automaton.search(ptr, len);
    const program = this.program;
    return program !== null ? simulate(program, ptr, len) : Found.Nothing;
  }
}

/** What became of a pattern. */
@final
class RegexResult {
  constructor(
    /** The expression, or null when the pattern was refused. */
    public regex: Regex | null,
    /** Why it was refused, in the words of Go's regexp/syntax, and perhaps what to write instead; or "". */
    public error: string,
    /** The offset of the byte of the pattern where the error begins. */
    public offset: i32,
  ) {}
}

/**
 * Compiles a pattern of RE2 syntax, as Go 1.26's regexp.Compile accepts it
 * (https://github.com/google/re2/wiki/Syntax, https://pkg.go.dev/regexp/syntax). Differences: Unicode properties and
 * case folding are of the version that unicode-data.ts names (Go: 15.0); names of scripts of two words are known (Go
 * 1.25 and 1.26 refuse those); limits are lower: 16 KB of pattern, 10,000 instructions, 999 nested groups of any kind.
 *
 * A regular expression takes some hundred bytes, and at most about 10 KB with an automaton; without one, in the worst
 * case 300 KB. Compiling
 * uses scratch memory that all patterns share, some 10 KB for ordinary ones and at most about 2 MB.
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

/** What `checkRegex` found out about a pattern. */
@final
export class RegexCheck {
  constructor(
    /** What all texts that match have in common, or null when the pattern is refused. */
    readonly literal: Literal | null,
    /** How many words of code it compiles to. */
    readonly size: i32,
    /** Why it is refused, or "": see `RegexResult`, but without a word of the pattern. */
    readonly reason: string,
    readonly offset: i32,
  ) {}
}

/** Tells whether `compileRegex` accepts a pattern, without making what a search needs. */
export function checkRegex(pattern: Bytes): RegexCheck {
  const p = new Pattern(pattern);
  const parser = new Parser(p);
  if (!parser.parse()) return new RegexCheck(null, 0, p.reason, p.errorAt);
  return new RegexCheck(parser.literal(), parser.size, "", 0);
}

/** Whether a pattern that `checkRegex` accepts is made deterministic when it is compiled. */
export function isDeterministic(pattern: Bytes): bool {
  const parser = new Parser(new Pattern(pattern));
  if (!parser.parse()) return false;
  const program = parser.program();
  reserveThreads(program.code.length);
  return automatonOf(program) !== null;
}
