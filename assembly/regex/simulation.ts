import { decodeRune, runeLength } from "../bytes/utf8";
import { Found, Program, satisfied, Side } from "./program";
import { consume, follow, threads } from "./threads";

/**
 * Looks for a match of the program anywhere in the `len` bytes at `ptr`. All threads advance together, rune by rune. There are
 * never more threads than words of code, so the time is at most proportional to text times program.
 */
export function simulate(program: Program, ptr: usize, len: i32): Found {
  const code = program.code;
  const alphabet = program.alphabet;
  const end = ptr + len;
  let before: Side = Side.Edge;
  let count = 1;
  threads[0] = 0;
  for (let at = ptr; at < end;) {
    let symbol = <i32>load<u8>(at);
    if (symbol < 0x80) {
      symbol = unchecked(alphabet.ascii[symbol]);
      ++at;
    } else {
      symbol = alphabet.classOf(decodeRune(at, end));
      at += runeLength;
    }
    const after = <Side>program.sides[symbol];
    count = follow(code, count, satisfied(before, after));
    if (count < 0) return Found.Match;
    count = consume(code, program.rows, count, symbol);
    if (!program.anchored) threads[count++] = 0;
    else if (count == 0) return Found.Nothing;
    before = after;
  }
  return follow(code, count, satisfied(before, Side.Edge)) < 0 ? Found.Match : Found.NotYet;
}
