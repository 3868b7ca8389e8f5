import { inLowerCase } from "../bytes/ascii";
import { dropBlanks, skipBlanks } from "../bytes/blanks";
import { Bytes, copyOf, equals } from "../bytes/bytes";
import { AMBIGUOUS } from "./answers";

/** The longest name of a model, in bytes. Longer ones are not known. */
export const MAX_MODEL: i32 = 256;

/** The name of a model as it is compared: in lower case, without blanks around it; null if it is empty or too long. */
export function modelText(ptr: usize, len: i32): Bytes | null {
  const from = skipBlanks(ptr, ptr + len);
  const size = <i32>(dropBlanks(from, ptr + len) - from);
  return size == 0 || size > MAX_MODEL ? null : inLowerCase(copyOf(from, size));
}

/** What a body names that has named `known` before, or nothing, and then `name`. */
export function modelOf(known: Bytes | null, name: Bytes): Bytes {
  return known === null || equals(known, name) ? name : AMBIGUOUS;
}
