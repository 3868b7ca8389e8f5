import { HeaderPairs } from "../../abi/headers";
import { sendLocalResponse } from "../../abi/stream-control";
import { Bytes, bytesOf } from "../../bytes/bytes";
import { Ambiguity } from "../../rules/facts";
import { Counts } from "./counts";

const BAD_REQUEST = 400;
const UNAUTHORIZED = 401;
const AMBIGUOUS = bytesOf("ai-token-ratelimit.ambiguous");
const UNIDENTIFIED = bytesOf("ai-token-ratelimit.unidentified");
const CONTENT_TYPE = bytesOf("content-type");
const TEXT = bytesOf("text/plain");

const HEADER = message("a header");
const PARAM = message("a URL parameter");
const COOKIE = message("a cookie");
const TOO_MANY = bytesOf("Bad request: too many headers");
const WHO = bytesOf("Unauthorized: the request does not say who sends it");
/** RFC 9110, section 11.6.1; the scheme is that of Higress' key-auth. */
const CHALLENGE = bytesOf("www-authenticate");
const KEY = bytesOf('Key realm="ai-token-ratelimit"');
const headers = new HeaderPairs();

/**
 * Answers the current stream's request, of which nobody can tell whose it is: servers differ in which of several values
 * they believe, so that any choice could be that of another caller. The answer says what is sent twice, but no value.
 */
export function refuseAmbiguous(ambiguity: Ambiguity, counts: Counts): void {
  counts.ambiguous();
  headers.clear();
  headers.add(CONTENT_TYPE, TEXT);
  sendLocalResponse(BAD_REQUEST, AMBIGUOUS, textOf(ambiguity), headers);
}

/** Answers the current stream's request, which lacks what a rule insists on (`on_missing: reject`). */
export function refuseUnidentified(counts: Counts): void {
  counts.unmatched(0, 1);
  headers.clear();
  headers.add(CONTENT_TYPE, TEXT).add(CHALLENGE, KEY);
  sendLocalResponse(UNAUTHORIZED, UNIDENTIFIED, WHO, headers);
}

function textOf(ambiguity: Ambiguity): Bytes {
  if (ambiguity == Ambiguity.Param) return PARAM;
  if (ambiguity == Ambiguity.Cookie) return COOKIE;
  return ambiguity == Ambiguity.TooManyHeaders ? TOO_MANY : HEADER;
}

function message(kind: string): Bytes {
  return bytesOf(
    `Bad request: ${kind} that identifies the caller is sent more than once, with different values`,
  );
}
