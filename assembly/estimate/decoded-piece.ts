import { BACKSLASH } from "../bytes/ascii";
import { copy } from "../bytes/bytes";
import { copyToBackslash } from "../json/scan";
import { Escape, JsonText, simpleEscape } from "../json/text";
import { JUDGED_BYTES } from "./encoded-file";

/* Decodes pieces of JSON strings, each of which may continue the one before it, even inside an escape. */

/** How many bytes behind a piece may be read while it is decoded; they do not matter. */
export const SLACK: i32 = 8;
/** The most bytes that an escape from the piece before it adds. */
const MAX_CARRIED: i32 = 8;
/** The piece that was decoded last. */
export const DECODED = memory.data(JUDGED_BYTES + MAX_CARRIED + SLACK);

const escapes = new JsonText(16);
/** Whether the piece that was decoded last ends inside an escape. */
let inEscape: bool = false;

/** The next piece does not continue the last one. */
export function beginDecoding(): void {
  inEscape = false;
  escapes.begin(0);
}

/** Writes the `size` bytes at `piece` to `DECODED`, without escapes; at most `JUDGED_BYTES`. @returns their length there */
export function decodeString(piece: usize, size: i32): i32 {
  const end = piece + size;
  let length = 0;
  let at = piece;
  while (at < end) {
    if (inEscape) {
      inEscape = escapes.escape(load<u8>(at++)) == Escape.More;
      if (!inEscape) length = append(length);
      continue;
    }
    if (load<u8>(at) != BACKSLASH) {
      length = endSurrogate(length);
      const run = copyToBackslash(at, end, DECODED + length);
      length += run;
      at += run;
      if (at == end) break;
    }
    const c = at + 1 < end ? simpleEscape(load<u8>(at, 1)) : 0;
    if (c == 0) {
      inEscape = true;
      ++at;
      continue;
    }
    length = endSurrogate(length);
    store<u8>(DECODED + length++, c);
    at += 2;
  }
  return length;
}

/** What follows is not the other half of a surrogate. @returns the new length */
// @ts-ignore: decorator
@inline
function endSurrogate(length: i32): i32 {
  escapes.endSurrogate();
  return append(length);
}

/** Appends the character that an escape stands for to the `length` bytes in `DECODED`. @returns the new length */
// @ts-ignore: decorator
@inline
function append(length: i32): i32 {
  if (escapes.empty) return length;
  escapes.passOn();
  copy(DECODED + length, escapes.ptr, escapes.length);
  return length + escapes.length;
}
