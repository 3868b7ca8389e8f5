import { addRanges, perlRanges } from "./named-classes";
import { alphabetOf } from "./alphabet";
import { Code } from "./code";
import { argumentOf, Assertion, instruction, Op, opOf, Program } from "./program";
import { RuneSet } from "./rune-set";
import { SetTable } from "./set-table";

/**
 * Makes a program of complete code whose `Class` instructions hold numbers of `sets`.
 * @param assertions the assertions that the code contains
 * @returns null when the sets need more memory than a pattern may have
 */
export function link(code: Code, sets: SetTable, assertions: i32): Program | null {
  const asserting = (assertions & ~(Assertion.BeginText | Assertion.EndText)) != 0;
  if (asserting) {
    const word = new RuneSet();
    addRanges(word, perlRanges(0x77), false, false);
    sets.add(word);
    const newline = new RuneSet();
    newline.add(0x0a, 0x0a);
    sets.add(newline);
  }
  const alphabet = alphabetOf(sets, asserting);
  if (alphabet === null) return null;
  const words = code.toWords();
  for (let i = 0; i < words.length; ++i) {
    if (opOf(words[i]) != Op.Class) continue;
    const member = alphabet.members[argumentOf(words[i])];
    words[i] = member >= 0 ? instruction(Op.Class, member) : instruction(Op.Set, ~member);
  }
  return new Program(words, alphabet, isAnchored(words));
}

/** Whether every path from the beginning asserts the beginning of the text before it consumes or matches. */
function isAnchored(words: StaticArray<i32>): bool {
  const seen = new StaticArray<bool>(words.length);
  const todo: i32[] = [0];
  while (todo.length > 0) {
    const at = todo.pop();
    if (seen[at]) continue;
    seen[at] = true;
    const argument = argumentOf(words[at]);
    switch (opOf(words[at])) {
      case Op.Split:
        todo.push(at + 1);
        todo.push(at + argument);
        break;
      case Op.Jump:
        todo.push(at + argument);
        break;
      case Op.Assert:
        if (argument != Assertion.BeginText) todo.push(at + 1);
        break;
      default:
        return false;
    }
  }
  return true;
}
