import { HeaderPairs } from "../abi/headers";
import { sendLocalResponse } from "../abi/stream-control";
import { Bytes, bytesOf } from "../bytes/bytes";
import { Ambiguity } from "../rules/facts";

const BAD_REQUEST = 400;
const UNAUTHORIZED = 401;
const FORBIDDEN = 403;
const CONTENT_TYPE = bytesOf("content-type");
const TEXT = bytesOf("text/plain");

const HEADER = message("a header");
const PARAM = message("a URL parameter");
const COOKIE = message("a cookie");
const API_KEY = message("an API key");
const MODEL = bytesOf("Bad request: the model is given more than once, with different values");
const WHICH = bytesOf("Bad request: the request does not say which model it is for");
const TOO_MANY = bytesOf("Bad request: too many headers");
const TOO_MANY_VALUES = bytesOf("Bad request: too many values that identify the caller");
const WHO = bytesOf("Unauthorized: the request does not say who sends it");
/** RFC 9110, section 11.6.1. The scheme is the one of Higress' key-auth. */
const CHALLENGE = bytesOf("www-authenticate");
const KEY = bytesOf('Key realm="ai-token-ratelimit"');
const MARKED = bytesOf("Bad request: x-ratelimit-exceeded is a header of the gateway");
const NO_UPGRADES = bytesOf("Upgrades are not allowed here");
const headers = new HeaderPairs();

/**
 * Answers the current stream's request, whose caller is ambiguous. Servers differ in which of several values they use, so any
 * choice could charge another caller. A request with too many values to count is refused too. The answer names what was sent
 * twice, but no values.
 * @param details identifies this answer in access logs
 */
export function refuseAmbiguous(ambiguity: Ambiguity, details: Bytes): void {
  refuseBadly(details, textOf(ambiguity));
}

/** Answers the current stream's request, which lacks a value that a rule requires (`on_missing: reject`). */
export function refuseUnidentified(details: Bytes): void {
  headers.clear();
  headers.add(CONTENT_TYPE, TEXT).add(CHALLENGE, KEY);
  sendLocalResponse(UNAUTHORIZED, details, WHO, headers);
}

/** Answers the current stream's request, which names no model although a rule requires it. */
export function refuseWithoutModel(details: Bytes): void {
  refuseBadly(details, WHICH);
}

/** Refuses the current stream's request, which has a mark that only this filter sets (`on_limit: header`). */
export function refuseMarked(details: Bytes): void {
  refuseBadly(details, MARKED);
}

function refuseBadly(details: Bytes, why: Bytes): void {
  headers.clear();
  headers.add(CONTENT_TYPE, TEXT);
  sendLocalResponse(BAD_REQUEST, details, why, headers);
}

/** Refuses the current stream's request, which asks for an upgrade (`upgrade: refuse`). */
export function refuseUpgrade(details: Bytes): void {
  headers.clear();
  sendLocalResponse(FORBIDDEN, details, NO_UPGRADES, headers);
}

function textOf(ambiguity: Ambiguity): Bytes {
  if (ambiguity == Ambiguity.Param) return PARAM;
  if (ambiguity == Ambiguity.Cookie) return COOKIE;
  if (ambiguity == Ambiguity.ApiKey) return API_KEY;
  if (ambiguity == Ambiguity.Model) return MODEL;
  if (ambiguity == Ambiguity.TooManyHeaders) return TOO_MANY;
  return ambiguity == Ambiguity.TooManyValues ? TOO_MANY_VALUES : HEADER;
}

function message(kind: string): Bytes {
  return bytesOf(
    `Bad request: ${kind} that identifies the caller is sent more than once, with different values`,
  );
}
