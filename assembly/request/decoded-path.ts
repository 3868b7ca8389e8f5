import { BACKSLASH, hexValue, PERCENT, QUESTION, SEMICOLON, SLASH, toLower } from "../bytes/ascii";
import { addressOf, Bytes, indexOfByte } from "../bytes/bytes";
import { ByteBuilder } from "../bytes/builder";

/** How often a path is decoded: proxies in a row may each do so once. */
const DECODINGS: i32 = 3;
const decoded = new ByteBuilder(256, i32.MAX_VALUE);
let hidesSlash: bool = false;

/**
 * A path without its query, in lower case, with escapes resolved as often as that changes it, up to three times.
 * @param path the `:path` of a request
 * @returns valid until the next call; `reset` it if it is long
 */
export function decodePath(path: Bytes): ByteBuilder {
  decoded.clear();
  const query = indexOfByte(addressOf(path), path.byteLength, QUESTION, 0);
  decoded.at(addressOf(path), query >= 0 ? query : path.byteLength);
  hidesSlash = false;
  for (let i = 0; i < DECODINGS && decodeOnce(); ++i) {}
  return decoded;
}

/**
 * Whether the path that was decoded last had an escaped slash or a backslash in a parameter of a segment (`;x%2Fy`): to a
 * server that drops parameters first, the segment goes on behind it.
 */
export function hasSlashInParameter(): bool {
  return hidesSlash;
}

/** @returns whether anything was escaped */
function decodeOnce(): bool {
  const end = decoded.ptr + decoded.length;
  let to = decoded.ptr;
  let found = false;
  let isParameter = false;
  for (let at = decoded.ptr; at < end; ++at) {
    let c = load<u8>(at);
    if (c == PERCENT && end - at > 2) {
      const high = hexValue(load<u8>(at, 1));
      const low = hexValue(load<u8>(at, 2));
      if (high >= 0 && low >= 0) {
        c = <u8>((high << 4) | low);
        at += 2;
        found = true;
        if (isParameter && isSlash(c)) hidesSlash = true;
      }
    } else if (c == SEMICOLON) {
      isParameter = true;
    } else if (c == SLASH) {
      isParameter = false;
    } else if (c == BACKSLASH && isParameter) {
      hidesSlash = true;
    }
    store<u8>(to++, toLower(c));
  }
  decoded.length = <i32>(to - decoded.ptr);
  return found;
}

/** Whether a byte separates segments, for some server. */
export function isSlash(c: u8): bool {
  return c == SLASH || c == BACKSLASH;
}
