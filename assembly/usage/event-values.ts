import {
  BACKSLASH,
  COLON,
  COMMA,
  DIGIT_0,
  isDigit,
  LEFT_BRACE,
  LEFT_BRACKET,
  QUOTE,
  RIGHT_BRACE,
  RIGHT_BRACKET,
  SPACE,
} from "../bytes/ascii";
import { findScalarEnd, findStringEnd } from "../json/scan";
import { Document } from "./document";

/** A value that may differ between the events of a stream: a string without its quotes, or a whole number. */
@unmanaged
export class EventValue {
  /** Its offsets in the event in which it was found. */
  from: i32;
  to: i32;
  isNumber: bool;
  /** Whether it is text that the model generated. */
  isText: bool;
  /** Whether it is known to differ. */
  varies: bool;
  /** Its addresses in the event that is being compared. */
  start: usize;
  end: usize;
}

/** The value at `index` in a table of values. */
// @ts-ignore: decorator
@inline
export function valueAt(table: usize, index: i32): EventValue {
  return changetype<EventValue>(table + <usize>index * offsetof<EventValue>());
}

/**
 * Lists the values of one JSON text in `table`.
 * @param ptr, end the text, which must be valid JSON
 * @param document the document that has read it
 * @returns the number of values, at most `most`
 */
export function findValues(ptr: usize, end: usize, table: usize, most: i32, document: Document): i32 {
  let count = 0;
  /** The address after the name whose value comes next, or 0. */
  let name: usize = 0;
  let at = ptr;
  while (at < end && count < most) {
    const c = load<u8>(at);
    if (c <= SPACE || c == COLON) {
      ++at;
      continue;
    }
    const value = valueAt(table, count);
    if (c == QUOTE) {
      const from = at + 1;
      const quote = closingQuote(from, end);
      at = quote + 1;
      if (isFollowedByColon(at, end)) {
        name = at;
        continue;
      }
      value.isText = name != 0 && document.isTextName(name);
      value.isNumber = false;
      value.from = <i32>(from - ptr);
      value.to = <i32>(quote - ptr);
      value.varies = value.isText;
      ++count;
    } else if (c == COMMA || c == LEFT_BRACE || c == RIGHT_BRACE || c == LEFT_BRACKET || c == RIGHT_BRACKET) {
      ++at;
    } else {
      const stop = wholeNumberEnd(at, end);
      if (stop > at) {
        value.isNumber = true;
        value.isText = false;
        value.from = <i32>(at - ptr);
        value.to = <i32>(stop - ptr);
        value.varies = false;
        ++count;
      }
      at = max(findScalarEnd(at, end), at + 1);
    }
    name = 0;
  }
  return count;
}

/** The address after the unsigned whole number that begins at `at` and ends before `end`; `at` if there is none. */
export function wholeNumberEnd(at: usize, end: usize): usize {
  let stop = at;
  while (stop < end && isDigit(load<u8>(stop))) ++stop;
  if (stop == end || (load<u8>(at) == DIGIT_0 && stop > at + 1)) return at;
  const c = load<u8>(stop);
  return c == COMMA || c == RIGHT_BRACE || c == RIGHT_BRACKET || c == SPACE ? stop : at;
}

/** The address of the quote that ends the string at `from`. */
function closingQuote(from: usize, end: usize): usize {
  let stop = findStringEnd(from, end);
  while (stop + 1 < end && load<u8>(stop) == BACKSLASH) stop = findStringEnd(stop + 2, end);
  return stop;
}

function isFollowedByColon(at: usize, end: usize): bool {
  // No white space of JSON is above a space.
  while (at < end && load<u8>(at) <= SPACE) ++at;
  return at < end && load<u8>(at) == COLON;
}
