import "../../../assembly/abi/abort";
import { textOf } from "../../../assembly/bytes/utf8";
import { automatonOf } from "../../../assembly/regex/automaton";
import { AUTOMATON_COST } from "../../../assembly/regex/cost";
import { foldSet } from "../../../assembly/regex/fold";
import { Parser } from "../../../assembly/regex/parser";
import { Pattern } from "../../../assembly/regex/pattern";
import { Found, Program } from "../../../assembly/regex/program";
import { checkRegex, compileRegex, Regex } from "../../../assembly/regex/regex";
import { RuneSet } from "../../../assembly/regex/rune-set";
import { simulate } from "../../../assembly/regex/simulation";
import { parseUnicodeClass } from "../../../assembly/regex/unicode";

let compiled: Regex | null = null;
let program: Program | null = null;
const set = new RuneSet();

/** Compiles and keeps a pattern: "" or "offset: error". */
export function compile(pattern: ArrayBuffer): string {
  const result = compileRegex(pattern);
  compiled = result.regex;
  program = null;
  return result.regex === null ? `${result.offset}: ${result.error}` : "";
}

/** What `checkRegex` says: "offset: reason", or the literal of the pattern in quotes, `^` before a prefix, `!` if it is enough. */
export function check(pattern: ArrayBuffer): string {
  const result = checkRegex(pattern);
  const literal = result.literal;
  if (literal === null) return `${result.offset}: ${result.reason}`;
  return `${literal.isPrefix ? "^" : ""}"${textOf(literal.bytes)}"${literal.isEnough ? "!" : ""}`;
}

/** Compiles a pattern without making it deterministic; tells whether it could be made so. */
export function compileProgram(pattern: ArrayBuffer): bool {
  const parser = new Parser(new Pattern(pattern));
  program = parser.parse() ? parser.program() : null;
  const p = program;
  return p !== null && automatonOf(p) !== null;
}

/** Whether the pattern given to `compile` last is found in `text`; false when it was refused. */
export function search(text: ArrayBuffer): bool {
  const regex = compiled;
  return regex !== null && regex.search(changetype<usize>(text), text.byteLength) == Found.Match;
}

/** The same by simulation, for the pattern given to `compileProgram` last. */
export function searchBySimulation(text: ArrayBuffer): bool {
  const p = program;
  return p !== null && simulate(p, changetype<usize>(text), text.byteLength) == Found.Match;
}

/** The ranges of a property, as `\p{...}` names it: first and last rune of each. */
export function property(escape: ArrayBuffer): i32[] {
  set.clear();
  parseUnicodeClass(new Pattern(escape), set, false);
  return ranges();
}

/** The ranges of the runes equal to `rune` but for case. */
export function folded(rune: i32): i32[] {
  set.clear();
  set.add(rune, rune);
  foldSet(set);
  return ranges();
}

function ranges(): i32[] {
  set.normalize();
  const result: i32[] = [];
  for (let i = 0; i < set.length; ++i) {
    result.push(set.lo(i));
    result.push(set.hi(i));
  }
  return result;
}

/** How many words of code a pattern has. */
export function size(pattern: ArrayBuffer): i32 {
  return checkRegex(pattern).size;
}

export { simulationCost } from "../../../assembly/regex/cost";

export function automatonCost(): i32 {
  return AUTOMATON_COST;
}
