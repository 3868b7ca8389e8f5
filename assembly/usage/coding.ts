import { COMMA, isBlank, toLower } from "../bytes/ascii";
import { addressOf, Bytes, bytesOf } from "../bytes/bytes";

/** Content codings that compress (https://www.iana.org/assignments/http-parameters). */
const COMPRESSIONS: Bytes[] = [
  bytesOf("gzip"),
  bytesOf("x-gzip"),
  bytesOf("deflate"),
  bytesOf("br"),
  bytesOf("zstd"),
  bytesOf("compress"),
  bytesOf("x-compress"),
  bytesOf("dcb"),
  bytesOf("dcz"),
];

/**
 * Whether a body with `value` as its `content-encoding` is compressed. The value is a list (RFC 9110, 8.4) in any letter
 * case; one coding that compresses is enough. `identity` and unknown codings do not count: such a body is read.
 */
export function isCompressed(value: Bytes): bool {
  const limit = addressOf(value) + value.byteLength;
  let at = addressOf(value);
  while (at < limit) {
    let end = at;
    while (end < limit && load<u8>(end) != COMMA) ++end;
    if (compresses(at, end)) return true;
    at = end + 1;
  }
  return false;
}

/** Whether the coding from `from` to `to`, which may have blanks around it, compresses. */
function compresses(from: usize, to: usize): bool {
  let start = from;
  let end = to;
  while (start < end && isBlank(load<u8>(start))) ++start;
  while (start < end && isBlank(load<u8>(end - 1))) --end;
  for (let i = 0; i < COMPRESSIONS.length; ++i) {
    const coding = COMPRESSIONS[i];
    if (<i32>(end - start) != coding.byteLength) continue;
    let j = 0;
    while (j < coding.byteLength && toLower(load<u8>(start + j)) == load<u8>(addressOf(coding) + j)) ++j;
    if (j == coding.byteLength) return true;
  }
  return false;
}
