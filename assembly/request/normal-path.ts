import { DOT, SLASH } from "../bytes/ascii";
import { Bytes, equalsAt } from "../bytes/bytes";
import { ByteBuilder } from "../bytes/builder";
import { decodePath, isSlash } from "./decoded-path";

/** What is longer is not kept for the next request. */
const KEPT: i32 = 4096;
const normal = new ByteBuilder(256, i32.MAX_VALUE);

/**
 * The normal form of a path without its query: in lower case, with escapes resolved, slashes for backslashes, and without
 * empty segments, `.` and `..`. Every segment has a slash in front; the root is empty.
 */
export function normalPath(path: Bytes): Bytes {
  normalize(path);
  const result = normal.toBytes();
  forgetLongPath();
  return result;
}

/** Whether the normal form of a path is `wanted`. @param path the `:path` of a request */
export function pathEquals(path: Bytes, wanted: Bytes): bool {
  normalize(path);
  const isWanted = equalsAt(normal.ptr, normal.length, wanted);
  forgetLongPath();
  return isWanted;
}

function forgetLongPath(): void {
  if (normal.length > KEPT) normal.reset(256);
}

/** Writes the segments of a path to `normal`, each behind a slash, without those that are empty or dots. */
function normalize(path: Bytes): void {
  const decoded = decodePath(path);
  normal.clear();
  const end = decoded.ptr + decoded.length;
  for (let at = decoded.ptr; at < end; ++at) {
    const start = at;
    while (at < end && !isSlash(load<u8>(at))) ++at;
    addSegment(start, at);
  }
  if (decoded.length > KEPT) decoded.reset(256);
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
