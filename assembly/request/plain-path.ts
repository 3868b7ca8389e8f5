import {
  ASTERISK,
  BACKSLASH,
  COLON,
  DOT,
  equalsIgnoreCase,
  HASH,
  hexValue,
  isDigit,
  isLetter,
  LOWER_V,
  MINUS,
  PERCENT,
  QUESTION,
  SLASH,
  UNDERSCORE,
} from "../bytes/ascii";
import { addressOf, Bytes, bytesOf, indexOfByte } from "../bytes/bytes";
import { BASES, BATCHES, CALLS, ENDINGS } from "./free-endpoint-table";

/** How a path ends that no server can mistake for another one. */
export const enum Ending {
  /** As an endpoint that consumes no tokens. */
  Free,
  /** As one that creates calls, which are charged when their results are fetched. */
  Batch,
  /** In any other way. */
  Other,
}

const PARAM_METHOD = bytesOf("method");
/** Longer paths, or paths with more segments, may consume tokens. */
export const MAX_PATH: i32 = 1024;
const MAX_SEGMENTS: i32 = 16;

const CALL_NAMES: Bytes[] = CALLS.map<Bytes>((name) => bytesOf(name));
const PATTERNS: Pattern[] = ENDINGS.concat(BATCHES).map<Pattern>((text) => new Pattern(text));
const BASE_PATTERNS: Pattern[] = BASES.map<Pattern>((text) => new Pattern(text));

/** Where the segments of the current path begin, their number, and where the last one ends. */
const STARTS: usize = memory.data(MAX_SEGMENTS << 2);
let segments: i32 = 0;
let pathEnd: usize = 0;

/** One of `ENDINGS` or `BASES`. */
@final
class Pattern {
  readonly text: Bytes;
  readonly segments: i32;
  /** The last byte; 0 if it can be any. */
  readonly last: u8;

  constructor(text: string) {
    const last = <u8>text.charCodeAt(text.length - 1);
    this.text = bytesOf(text);
    this.segments = text.split("/").length;
    this.last = last == ASTERISK ? 0 : last;
  }
}

/**
 * Whether no server can mistake the path for another one: its segments have only letters, digits, `-`, `_`, `.` and `:`, none
 * is empty or has only dots, and the query has no slash and no method. Stores where the segments begin.
 */
export function isPlain(path: Bytes): bool {
  const from = addressOf(path);
  if (path.byteLength < 2 || path.byteLength > MAX_PATH || load<u8>(from) != SLASH) return false;
  const limit = from + path.byteLength;
  let end = from;
  while (end < limit && load<u8>(end) != QUESTION) ++end;
  for (let at = end; at < limit; ++at) {
    const c = load<u8>(at);
    if (c == SLASH || c == PERCENT || c == HASH || c == BACKSLASH) return false;
  }
  if (namesMethod(path)) return false;
  // Some servers ignore one trailing slash; to no other server does it lead to a different endpoint.
  if (load<u8>(end - 1) == SLASH) --end;

  segments = 0;
  let at = from;
  while (at < end) {
    const start = ++at;
    let onlyDots = true;
    while (at < end && load<u8>(at) != SLASH) {
      const c = load<u8>(at++);
      if (c == DOT) continue;
      onlyDots = false;
      if (!isLetter(c) && !isDigit(c) && c != MINUS && c != UNDERSCORE && c != COLON) return false;
    }
    if (onlyDots || segments == MAX_SEGMENTS) return false;
    store<u32>(STARTS + (segments++ << 2), <u32>start);
  }
  pathEnd = end;
  return segments > 0;
}

/**
 * What the plain path leads to: an endpoint without tokens if it consists of one of `BASES` and one of `ENDINGS` or `BATCHES`, and
 * no segment before the ending calls a model.
 */
export function endingOf(): Ending {
  const last = load<u8>(pathEnd - 1);
  for (let i = 0; i < PATTERNS.length; ++i) {
    const pattern = PATTERNS[i];
    const before = segments - pattern.segments;
    if (before < 0 || (pattern.last != 0 && pattern.last != last)) continue;
    if (!matches(pattern.text, segmentAt(before), pathEnd)) continue;
    if (isBase(before, pattern.segments) && !anyCalls(before)) {
      return i < ENDINGS.length ? Ending.Free : Ending.Batch;
    }
  }
  return Ending.Other;
}

/**
 * Whether the first `count` segments may precede an ending of `ofEnding` segments. The first version in a path begins the part
 * that a provider has named (`/v1/files`, `/openai/v1/files`, `/api/paas/v4/files`); gateways put any names in front of it.
 */
function isBase(count: i32, ofEnding: i32): bool {
  if (count == 0 || (count == 1 && ofEnding > 1) || firstVersion(count) == count - 1) return true;
  const end = segmentAt(count) - 1;
  for (let i = 0; i < BASE_PATTERNS.length; ++i) {
    const pattern = BASE_PATTERNS[i];
    const own = count - pattern.segments;
    if (own != 0 && (own != 1 || ofEnding == 1)) continue;
    if (matches(pattern.text, segmentAt(own), end)) return true;
  }
  return false;
}

/** The index of the first version, such as `v1`, among the first `count` segments; -1 if there is none. One more must follow. */
function firstVersion(count: i32): i32 {
  for (let i = 0; i < count; ++i) {
    const start = segmentAt(i);
    if ((load<u8>(start) | 0x20) == LOWER_V && isDigit(load<u8>(start, 1))) return i;
  }
  return -1;
}

// @ts-ignore: decorator
@inline
function segmentAt(index: i32): usize {
  return <usize>load<u32>(STARTS + (index << 2));
}

/** Whether the text from `at` to `end` matches the pattern. */
function matches(pattern: Bytes, at: usize, end: usize): bool {
  const stop = addressOf(pattern) + pattern.byteLength;
  let p = addressOf(pattern);
  let t = at;
  while (p < stop) {
    const c = load<u8>(p++);
    if (c != ASTERISK) {
      if (t == end || load<u8>(t++) != c) return false;
      continue;
    }
    // The rest of the segment, up to the colon of a Google verb. Before another segment, a colon belongs to a Bedrock model.
    const isBefore = p < stop && load<u8>(p) == SLASH;
    const first = t;
    while (t < end && load<u8>(t) != SLASH && (isBefore || load<u8>(t) != COLON)) ++t;
    if (t == first) return false;
  }
  return t == end;
}

/** Whether one of the first `count` segments calls a model. One more must follow. */
function anyCalls(count: i32): bool {
  for (let i = 0; i < count; ++i) {
    const start = segmentAt(i);
    const length = <i32>(segmentAt(i + 1) - 1 - start);
    if (isCallName(start, length) || indexOfByte(start, length, COLON, 0) >= 0) return true;
  }
  return false;
}

/** Whether a segment is the name of a call. */
export function isCallName(ptr: usize, length: i32): bool {
  for (let i = 0; i < CALL_NAMES.length; ++i) {
    if (equalsIgnoreCase(ptr, length, CALL_NAMES[i])) return true;
  }
  return false;
}

/** Whether the query of a path contains `method`, in any letter case, with or without escapes. */
export function namesMethod(path: Bytes): bool {
  const text = PARAM_METHOD;
  const from = addressOf(path);
  const limit = from + path.byteLength;
  let at = from;
  while (at < limit && load<u8>(at) != QUESTION) ++at;
  for (; at + text.byteLength <= limit; ++at) {
    let next = at;
    let i = 0;
    for (; i < text.byteLength && next < limit; ++i) {
      let c = load<u8>(next++);
      if (c == PERCENT && limit - next >= 2) {
        c = <u8>((hexValue(load<u8>(next)) << 4) | hexValue(load<u8>(next, 1)));
        next += 2;
      }
      if ((c | 0x20) != load<u8>(addressOf(text) + i)) break;
    }
    if (i == text.byteLength) return true;
  }
  return false;
}
