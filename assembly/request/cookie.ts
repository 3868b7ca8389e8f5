import { EQUALS, SEMICOLON, SPACE, TAB } from "../bytes/ascii";
import { addressOf, Bytes, copyOf, equalsAt } from "../bytes/bytes";

/**
 * The value of the first cookie called `name` in a `cookie` header; null if there is none or if it is empty.
 *
 * As in the published plugin, whose counters this must find again: pairs between `;`, space around a pair does not
 * count, the value ends before a second `=`, quotes belong to it, and an empty value ends the search. A pair without
 * `=` is no cookie. Allocates nothing but the result.
 */
export function cookieValue(header: Bytes, name: Bytes): Bytes | null {
  const end = addressOf(header) + header.byteLength;
  let at = addressOf(header);
  while (at < end) {
    while (at < end && isBlank(load<u8>(at))) ++at;
    const start = at;
    let equals: usize = 0;
    let second: usize = 0;
    for (; at < end; ++at) {
      const c = load<u8>(at);
      if (c == SEMICOLON) break;
      if (c != EQUALS) continue;
      if (equals == 0) equals = at;
      else if (second == 0) second = at;
    }
    if (equals != 0 && equalsAt(start, <i32>(equals - start), name)) {
      let valueEnd = second == 0 ? at : second;
      if (second == 0) while (valueEnd > equals + 1 && isBlank(load<u8>(valueEnd - 1))) --valueEnd;
      const length = <i32>(valueEnd - equals - 1);
      return length == 0 ? null : copyOf(equals + 1, length);
    }
    ++at; // the semicolon
  }
  return null;
}

/** Space, tab and the line breaks that no header can hold. */
// @ts-ignore: decorator
@inline
function isBlank(c: u8): bool {
  return c == SPACE || <u8>(c - TAB) < 5;
}
