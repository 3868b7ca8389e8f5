import { DOT, HASH, NUL, QUESTION, SEMICOLON, SLASH, SPACE } from "../bytes/ascii";
import { Bytes, equalsAt } from "../bytes/bytes";
import { ByteBuilder } from "../bytes/builder";
import { decodePath, hasSlashInParameter, isSlash } from "./decoded-path";

/** What is longer is not kept for the next request. */
const KEPT: i32 = 4096;
/** The segments of the path, each behind a slash. */
const segments = new ByteBuilder(256, i32.MAX_VALUE);
/** How many bytes of them stand before each place where a query, a fragment or what follows a C string may begin. */
const CUTS: i32 = 8;
const lengths = new StaticArray<i32>(CUTS);
let cuts: i32 = 0;
let unclear: bool = false;

/**
 * Reads a path, about which the other functions tell until `forgetPath`. It is read once, however many endings it is compared
 * with. It is read as any server may do so: with letters in either case, escapes resolved once or more often, backslashes as
 * slashes, without empty segments, `.`, parameters of segments, and blanks at the end of a segment, where the patterns of
 * some servers match too (`$` in Python).
 * @param path the `:path` of a request
 */
export function readPath(path: Bytes): void {
  const decoded = decodePath(path);
  segments.clear();
  unclear = hasSlashInParameter();
  cuts = 0;
  const end = decoded.ptr + decoded.length;
  for (let at = decoded.ptr; at < end; ++at) {
    const start = at;
    let stop: usize = 0;
    for (; at < end && !isSlash(load<u8>(at)); ++at) {
      const c = load<u8>(at);
      if (c == SEMICOLON && stop == 0) stop = at;
      if (c == QUESTION || c == HASH || c == NUL) cutAt(start, stop != 0 ? stop : at);
    }
    addSegment(start, stop != 0 ? stop : at);
  }
  if (decoded.length > KEPT) decoded.reset(256);
}

/**
 * Whether the path ends in `ending` for any server that takes `..` for a name.
 * @param ending begins with a slash and has lower case only; as many segments as it has must be equal
 */
export function endsIn(ending: Bytes): bool {
  for (let i = 0; i < cuts; ++i) {
    if (endsAt(lengths[i], ending)) return true;
  }
  return endsAt(segments.length, ending);
}

/** The same for every server, wherever it takes the path to end. */
export function endsSurelyIn(ending: Bytes): bool {
  for (let i = 0; i < cuts; ++i) {
    if (!endsAt(lengths[i], ending)) return false;
  }
  return endsAt(segments.length, ending);
}

/**
 * Whether the path may lead to any other: it has a segment `..`, and servers disagree on what that removes; or an escaped slash
 * in a parameter; or more places where it may end than are kept.
 */
export function mayEndAnywhere(): bool {
  return unclear;
}

/** Whether servers may disagree on where the path leads, or where it ends. */
export function isUnclearPath(): bool {
  return unclear || cuts > 0;
}

/** The segments of the path, each behind a slash, in lower case. */
export function segmentsOfPath(): ByteBuilder {
  return segments;
}

/** Frees what a long path takes. */
export function forgetPath(): void {
  if (segments.length > KEPT) segments.reset(256);
}

function endsAt(length: i32, ending: Bytes): bool {
  const size = ending.byteLength;
  return length >= size && equalsAt(segments.ptr + length - size, size, ending);
}

/** Notes where the path ends if its last segment is the one from `start` to `end`. */
function cutAt(start: usize, end: usize): void {
  if (cuts == CUTS) {
    unclear = true;
    return;
  }
  const before = segments.length;
  addSegment(start, end);
  lengths[cuts++] = segments.length;
  // As the whole segment has the same beginning, what it overwrites stays as it is.
  segments.length = before;
}

function addSegment(start: usize, end: usize): void {
  while (end > start && load<u8>(end - 1) <= SPACE) --end;
  const size = <i32>(end - start);
  if (size == 0 || (size == 1 && load<u8>(start) == DOT)) return;
  if (size == 2 && load<u8>(start) == DOT && load<u8>(start, 1) == DOT) unclear = true;
  segments.byte(SLASH).at(start, size);
}
