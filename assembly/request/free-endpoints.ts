import { QUESTION, SLASH } from "../bytes/ascii";
import { addressOf, Bytes, bytesOf, EMPTY, equals, equalsAt } from "../bytes/bytes";
import { HttpSource } from "./header-facts";
import { forgetPath, isUnclearPath, readPath, segmentsOfPath } from "./path-ending";
import { Ending, endingOf, isCallName, isPlain, MAX_PATH, namesMethod } from "./plain-path";

/*
 * Which requests certainly consume no tokens: they are neither checked nor charged an estimate. The sender chooses method,
 * path and headers, so a request is free only if every upstream understands it in the same way. All others may consume
 * tokens.
 */

/** Headers with which a caller may turn a request into another one. Upstreams and proxies differ in which they follow. */
const DISGUISES: Bytes[] = [
  bytesOf("x-http-method-override"),
  bytesOf("x-http-method"),
  bytesOf("x-method-override"),
  bytesOf("x-original-url"),
  bytesOf("x-rewrite-url"),
  bytesOf("x-original-uri"),
  bytesOf("x-forwarded-uri"),
  bytesOf("x-envoy-original-path"),
  bytesOf("upgrade"),
];

/** The last segments of paths to which a POST may store its answer, which can then be fetched below the same path. */
const STORES: Bytes[] = [bytesOf("responses"), bytesOf("interactions")];

/** What a request may consume. */
export const enum Consumes {
  /** Certainly nothing. */
  Nothing,
  /** Nothing now, but it creates calls that will be charged when their answers are fetched. */
  Later,
  /** Nothing, but the answer may report what earlier requests have consumed. */
  Report,
  /** The same; the answer is a stored one of a model. */
  StoredAnswer,
  Tokens,
  /** Tokens; the answer may be stored. */
  NewAnswer,
}

const OPTIONS = bytesOf("OPTIONS");
const HEAD = bytesOf("HEAD");
const GET = bytesOf("GET");
const DELETE = bytesOf("DELETE");
const POST = bytesOf("POST");

// The path of the last POST whose headers did not matter, the same object for the same path, and what the request consumes.
let postedPath: Bytes = EMPTY;
let posted: Consumes = Consumes.Tokens;

/**
 * What a request may consume.
 *
 * OPTIONS, HEAD, GET and DELETE without a body do not generate anything (RFC 9110, 9.2.1 and 9.3.5), unless they change the
 * protocol. A GET may report what an earlier request has consumed.
 * @param request looked up for other headers, if needed
 * @param hasBody whether a body follows the headers
 */
export function consumes(
  method: Bytes | null,
  path: Bytes | null,
  request: HttpSource,
  hasBody: bool,
): Consumes {
  if (method === null || path === null) return Consumes.Tokens;
  const isPost = equals(method, POST);
  if (isPost && path === postedPath) return posted;
  const from = addressOf(path);
  const end = pathEndOf(path);
  const start = segmentStart(from, end);
  if (isPost) {
    // No free endpoint ends with the name of a call, so the last segment is enough to recognize most calls.
    if (!isCallName(start, <i32>(end - start)) && isPlain(path)) {
      const ending = endingOf();
      const consuming = ending == Ending.Free ? Consumes.Nothing : Consumes.Later;
      if (ending != Ending.Other) return isDisguised(request) ? Consumes.Tokens : consuming;
    }
    postedPath = path.byteLength <= MAX_PATH ? path : EMPTY;
    posted = isStore(start, end) ? Consumes.NewAnswer : Consumes.Tokens;
    return posted;
  }
  if (equals(method, DELETE) && hasBody) {
    const isFree = isPlain(path) && endingOf() != Ending.Other && !isDisguised(request);
    return isFree ? Consumes.Nothing : Consumes.Tokens;
  }
  const isGet = equals(method, GET);
  const asksNothing = equals(method, OPTIONS) || equals(method, HEAD);
  if (hasBody || (!isGet && !asksNothing && !equals(method, DELETE))) return Consumes.Tokens;
  const reading = asksNothing ? Consumes.Nothing : readByPath(path);
  if (reading == Consumes.Tokens) return reading;
  if (namesMethod(path) || isDisguised(request)) return Consumes.Tokens;
  return isGet ? reading : Consumes.Nothing;
}

/** What a GET or DELETE of a path consumes, however that is spelt: some servers do call a model for one. */
function readByPath(path: Bytes): Consumes {
  readPath(path);
  const from = segmentsOfPath().ptr;
  const end = from + segmentsOfPath().length;
  const start = segmentStart(from, end);
  let reading = Consumes.Report;
  if (isUnclearPath() || isCallName(start, <i32>(end - start))) reading = Consumes.Tokens;
  else if (start > from && isStore(segmentStart(from, start - 1), start - 1)) reading = Consumes.StoredAnswer;
  forgetPath();
  return reading;
}

/** Whether a header may turn the request into another one. */
export function isDisguised(request: HttpSource): bool {
  for (let i = 0; i < DISGUISES.length; ++i) {
    if (request.header(DISGUISES[i]) !== null) return true;
  }
  return false;
}

/** Whether the segment from `start` to `end` is one of `STORES`. */
function isStore(start: usize, end: usize): bool {
  for (let i = 0; i < STORES.length; ++i) {
    if (equalsAt(start, <i32>(end - start), STORES[i])) return true;
  }
  return false;
}

/** The end of a path, without the query and one trailing slash. */
function pathEndOf(path: Bytes): usize {
  const from = addressOf(path);
  const limit = from + path.byteLength;
  let end = from;
  while (end < limit && load<u8>(end) != QUESTION) ++end;
  return end > from && load<u8>(end - 1) == SLASH ? end - 1 : end;
}

/** The beginning of the last segment of the path from `from` to `end`. */
function segmentStart(from: usize, end: usize): usize {
  let start = end;
  while (start > from && load<u8>(start - 1) != SLASH) --start;
  return start;
}
