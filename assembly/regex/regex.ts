import { Bytes } from "../bytes/bytes";
import { Parser } from "./parser";
import { Pattern } from "./pattern";
import { Program } from "./program";
import { reserveThreads, simulate } from "./simulation";

/** A compiled regular expression. */
@final
export class Regex {
  constructor(private program: Program) {}

  /**
   * Whether the pattern matches anywhere in the `len` bytes at `ptr`, read as UTF-8, each invalid byte as U+FFFD.
   * Takes time linear in `len` for every pattern, and allocates nothing.
   */
  search(ptr: usize, len: i32): bool {
    return simulate(this.program, ptr, len);
  }
}

/** What became of a pattern. */
@final
export class RegexResult {
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
 * Compiles a pattern of RE2 syntax, as Go's regexp.Compile accepts it
 * (https://github.com/google/re2/wiki/Syntax, https://pkg.go.dev/regexp/syntax).
 */
export function compileRegex(pattern: Bytes): RegexResult {
  const p = new Pattern(pattern);
  const program = new Parser(p).parse();
  if (program === null) return new RegexResult(null, p.error, p.errorAt);
  reserveThreads(program.code.length);
  return new RegexResult(new Regex(program), "", 0);
}
