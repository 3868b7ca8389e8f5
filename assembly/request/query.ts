import { AMPERSAND, EQUALS, HASH, hexValue, PERCENT, PLUS, QUESTION, SPACE } from "../bytes/ascii";
import { addressOf, Bytes, EMPTY, slice } from "../bytes/bytes";

/** How much of a path is looked at, in bytes; what stands behind that is not seen. */
export const MAX_PATH: i32 = 64 << 10;

/**
 * The decoded value of the first parameter called `name` in the query of `path`, which is a `:path` header in any
 * form of RFC 9112, 3.2; null if there is none.
 *
 * Read as application/x-www-form-urlencoded (WHATWG URL, 5.1): pairs between `&`, `+` is a space, `k` and `k=` have
 * the empty value, `;` is a byte like any other, and a `%` without two hexadecimal digits stands for itself. So one
 * malformed pair never hides another one, as it does in the published plugin. Allocates nothing but the result.
 */
export function queryParam(path: Bytes, name: Bytes): Bytes | null {
  const start = addressOf(path);
  const length = min(path.byteLength, MAX_PATH);
  let end = start;
  let query: usize = 0;
  // The query goes from the first "?" to the first "#"; a "?" in the fragment begins nothing.
  for (; end < start + length; ++end) {
    const c = load<u8>(end);
    if (c == HASH) break;
    if (c == QUESTION && query == 0) query = end + 1;
  }
  if (query == 0) return null;

  let at = query;
  while (at < end) {
    let equals: usize = 0;
    let next = at;
    for (; next < end; ++next) {
      const c = load<u8>(next);
      if (c == AMPERSAND) break;
      if (c == EQUALS && equals == 0) equals = next;
    }
    const nameEnd = equals == 0 ? next : equals;
    if (decodesTo(at, nameEnd, name)) return equals == 0 ? EMPTY : decoded(equals + 1, next);
    at = next + 1;
  }
  return null;
}

/** How many bytes the last `decodeByte` read. */
let width: usize = 1;

/** The byte that `+`, `%41` or any other byte at `at` stands for; sets `width`. */
// @ts-ignore: decorator
@inline
function decodeByte(at: usize, end: usize): u8 {
  const c = load<u8>(at);
  width = 1;
  if (c == PLUS) return SPACE;
  if (c != PERCENT || end - at < 3) return c;
  const high = hexValue(load<u8>(at, 1));
  const low = hexValue(load<u8>(at, 2));
  if (high < 0 || low < 0) return c;
  width = 3;
  return <u8>((high << 4) | low);
}

/** Whether the bytes from `from` to `end` are an encoding of `text`. */
function decodesTo(from: usize, end: usize, text: Bytes): bool {
  const expected = addressOf(text);
  const length = text.byteLength;
  let at = from;
  for (let i = 0; i < length; ++i) {
    if (at >= end || decodeByte(at, end) != load<u8>(expected + i)) return false;
    at += width;
  }
  return at == end;
}

function decoded(from: usize, end: usize): Bytes {
  if (from >= end) return EMPTY;
  const out = new ArrayBuffer(<i32>(end - from));
  const start = addressOf(out);
  let length = 0;
  for (let at = from; at < end; at += width) store<u8>(start + length++, decodeByte(at, end));
  return length == out.byteLength ? out : slice(out, 0, length);
}
