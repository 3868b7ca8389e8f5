import { COMMA, equalsIgnoreCase, inLowerCase } from "../bytes/ascii";
import { dropBlanks, skipBlanks } from "../bytes/blanks";
import { Bytes, copyOf, indexOfByte } from "../bytes/bytes";
import { AMBIGUOUS } from "./answers";

/** The longest name of a model, in bytes. Longer ones are not known. */
export const MAX_MODEL: i32 = 256;

/**
 * The name of a model as it is compared: in lower case, without blanks around it; null if it is empty, too long, or a list, of
 * which LiteLLM calls each model.
 */
export function modelText(ptr: usize, len: i32): Bytes | null {
  const from = skipBlanks(ptr, ptr + len);
  const size = <i32>(dropBlanks(from, ptr + len) - from);
  if (size == 0 || size > MAX_MODEL || indexOfByte(from, size, COMMA, 0) >= 0) return null;
  return inLowerCase(copyOf(from, size));
}

/**
 * What a body names that has named `known` before, or nothing, and then the `len` bytes at `ptr`; null if these are no name of a
 * model. It takes no memory for further names, however often a body repeats them.
 */
export function modelAfter(known: Bytes | null, ptr: usize, len: i32): Bytes | null {
  if (known === AMBIGUOUS) return known;
  if (known !== null) {
    const from = skipBlanks(ptr, ptr + len);
    if (equalsIgnoreCase(from, <i32>(dropBlanks(from, ptr + len) - from), known)) return known;
  }
  const name = modelText(ptr, len);
  return name === null || known === null ? name : AMBIGUOUS;
}
