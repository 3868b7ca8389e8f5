import { Alphabet } from "./alphabet";
import { Code } from "./code";
import { IntVector } from "./int-vector";
import { addRanges, perlRanges } from "./named-classes";
import { Partition } from "./partition";
import { argumentOf, Assertion, instruction, Op, opOf, Program, sideOf } from "./program";
import { RuneSet } from "./rune-set";
import { SetTable } from "./set-table";
import { follow, reserveThreads, threads } from "./threads";

/** Scratch memory, reused for each pattern. */
const scratch = new RuneSet();
const partition = new Partition();
const members = new IntVector();
const rows = new IntVector();
const starts = new IntVector();
const classes = new IntVector();

/**
 * Divides the runes into the classes that complete code distinguishes. Its `Class` instructions hold numbers of `sets`.
 * @returns false if the sets need more memory than a pattern may use
 */
export function divide(sets: SetTable, assertions: i32): bool {
  if (areAsserting(assertions)) addSides(sets);
  return !sets.overflowed && partition.divide(sets) && partition.collect(sets, members, rows);
}

/** Creates the program of the code whose sets were divided last. @param assertions the assertions in the code */
export function link(code: Code, assertions: i32): Program {
  const words = code.toWords();
  for (let i = 0; i < words.length; ++i) {
    if (opOf(words[i]) != Op.Class) continue;
    const member = members.get(argumentOf(words[i]));
    words[i] = member >= 0 ? instruction(Op.Class, member) : instruction(Op.Set, ~member);
  }
  return new Program(
    words,
    alphabetOf(partition),
    rows.toArray(),
    sidesOf(partition, areAsserting(assertions)),
    isAnchored(words),
  );
}

/** Whether some assertions depend on runes, not only on the ends of the text. */
function areAsserting(assertions: i32): bool {
  return (assertions & ~(Assertion.BeginText | Assertion.EndText)) != 0;
}

/** Adds the sets that assertions distinguish: word characters and newlines. */
function addSides(sets: SetTable): void {
  scratch.clear();
  addRanges(scratch, perlRanges(0x77), false, false);
  sets.add(scratch);
  scratch.clear();
  scratch.add(0x0a, 0x0a);
  sets.add(scratch);
}

function alphabetOf(partition: Partition): Alphabet {
  const ascii = new StaticArray<u8>(128);
  starts.length = 0;
  classes.length = 0;
  for (let run = 0, last = -1; run < partition.runs; ++run) {
    const c = partition.classOf(run);
    const from = partition.start(run);
    const end = partition.end(run);
    if (from < 0x80) memory.fill(changetype<usize>(ascii) + from, <u8>c, min(end, 0x80) - from);
    if (end > 0x80 && c != last) {
      starts.push(max(from, 0x80));
      classes.push(c);
      last = c;
    }
  }
  return new Alphabet(partition.size, ascii, starts.toArray(), classes.toShorts());
}

/** The `Side` of each class; the same for all if no assertion depends on runes. */
function sidesOf(partition: Partition, asserting: bool): StaticArray<u8> {
  const sides = new StaticArray<u8>(partition.size);
  for (let run = 0; asserting && run < partition.runs; ++run) {
    sides[partition.classOf(run)] = <u8>sideOf(partition.start(run));
  }
  return sides;
}

/** Whether every path through the code asserts the beginning of the text before it consumes a rune or matches. */
function isAnchored(words: StaticArray<i32>): bool {
  reserveThreads(words.length);
  threads[0] = 0;
  return follow(words, 1, ~Assertion.BeginText) == 0;
}
