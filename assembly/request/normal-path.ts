import { BACKSLASH, DOT, HASH, hexValue, PERCENT, QUESTION, SEMICOLON, SLASH, toLower } from "../bytes/ascii";
import { addressOf, Bytes, equalsAt } from "../bytes/bytes";
import { ByteBuilder } from "../bytes/builder";

/** How often a path is decoded: proxies in a row may each do so once. */
const DECODINGS: i32 = 3;
/** What is longer is not kept for the next request. */
const KEPT: i32 = 4096;
const decoded = new ByteBuilder(256, i32.MAX_VALUE);
const normal = new ByteBuilder(256, i32.MAX_VALUE);

/**
 * Whether a path ends in `ending` for any server: whether letters have their case, escapes are resolved once or more often,
 * backslashes are slashes, empty segments, `.` and `..` count, and where a query or a parameter of a segment begins.
 * @param path the `:path` of a request
 * @param ending begins with a slash and has lower case only; as many segments as it has must be equal
 */
export function pathEndsWith(path: Bytes, ending: Bytes): bool {
  decode(path);
  normalize(false);
  const ends = endsWith(ending);
  if (!ends) normalize(true);
  const endsLeniently = ends || endsWith(ending);
  forgetLongPath();
  return endsLeniently;
}

/**
 * The normal form of a path without its query: in lower case, with escapes resolved, slashes for backslashes, and without
 * empty segments, `.` and `..`. Every segment has a slash in front; the root is empty.
 */
export function normalPath(path: Bytes): Bytes {
  decode(path);
  normalize(false);
  const result = normal.toBytes();
  forgetLongPath();
  return result;
}

/** Whether the normal form of a path is `wanted`. @param path the `:path` of a request */
export function pathEquals(path: Bytes, wanted: Bytes): bool {
  decode(path);
  normalize(false);
  const isWanted = equalsAt(normal.ptr, normal.length, wanted);
  forgetLongPath();
  return isWanted;
}

function forgetLongPath(): void {
  if (decoded.length > KEPT) decoded.reset(256);
  if (normal.length > KEPT) normal.reset(256);
}

function endsWith(ending: Bytes): bool {
  const size = ending.byteLength;
  return normal.length >= size && equalsAt(normal.ptr + normal.length - size, size, ending);
}

/** Writes the path without its query to `decoded`, in lower case, decoded as often as that changes it. */
function decode(path: Bytes): void {
  decoded.clear();
  const from = addressOf(path);
  const end = from + path.byteLength;
  for (let at = from; at < end && load<u8>(at) != QUESTION; ++at) decoded.byte(load<u8>(at));
  for (let i = 0; i < DECODINGS && decodeOnce(); ++i) {}
}

/** @returns whether anything was escaped */
function decodeOnce(): bool {
  const end = decoded.ptr + decoded.length;
  let to = decoded.ptr;
  let found = false;
  for (let at = decoded.ptr; at < end; ++at) {
    let c = load<u8>(at);
    if (c == PERCENT && end - at > 2) {
      const high = hexValue(load<u8>(at, 1));
      const low = hexValue(load<u8>(at, 2));
      if (high >= 0 && low >= 0) {
        c = <u8>((high << 4) | low);
        at += 2;
        found = true;
      }
    }
    store<u8>(to++, toLower(c));
  }
  decoded.length = <i32>(to - decoded.ptr);
  return found;
}

/**
 * Writes the segments of `decoded` to `normal`, each behind a slash, without those that are empty or dots.
 * @param cuts whether a query or fragment begins in what was decoded, and parameters of a segment are left out
 */
function normalize(cuts: bool): void {
  normal.clear();
  const end = decoded.ptr + decoded.length;
  let at = decoded.ptr;
  while (at < end) {
    const start = at;
    let stop: usize = 0;
    while (at < end && !isSlash(load<u8>(at))) {
      const c = load<u8>(at);
      if (cuts && (c == QUESTION || c == HASH)) return addSegment(start, stop != 0 ? stop : at);
      if (cuts && c == SEMICOLON && stop == 0) stop = at;
      ++at;
    }
    addSegment(start, stop != 0 ? stop : at);
    ++at;
  }
}

function addSegment(start: usize, end: usize): void {
  const size = <i32>(end - start);
  if (size == 0 || (size == 1 && load<u8>(start) == DOT)) return;
  if (size == 2 && load<u8>(start) == DOT && load<u8>(start, 1) == DOT) {
    let length = normal.length;
    while (length > 0 && load<u8>(normal.ptr + length - 1) != SLASH) --length;
    normal.length = max(length - 1, 0);
    return;
  }
  normal.byte(SLASH).at(start, size);
}

function isSlash(c: u8): bool {
  return c == SLASH || c == BACKSLASH;
}
