import {
  COMMA,
  EQUALS,
  equalsIgnoreCase,
  isDigit,
  inLowerCase,
  isLetter,
  MINUS,
  PLUS,
  QUOTE,
  SEMICOLON,
  SLASH,
  SPACE,
  toLower,
  UNDERSCORE,
} from "../bytes/ascii";
import { blankAt, skipBlanks } from "../bytes/blanks";
import { addressOf, Bytes, bytesOf, copyOf, EMPTY, equals, equalsAt, slice } from "../bytes/bytes";
import { ByteTable } from "../bytes/table";
import { AMBIGUOUS } from "./answers";

/**
 * Schemes as clients usually write them: those of the IANA registry of HTTP authentication schemes and, in the last two
 * lines, others that providers and frameworks use. All other schemes are written in lower case.
 * https://www.iana.org/assignments/http-authschemes
 */
const SCHEMES: string[] = [
  "Basic Bearer Concealed Digest DPoP GNAP HOBA Mutual Negotiate OAuth PrivateToken",
  "SCRAM-SHA-1 SCRAM-SHA-256 vapid",
  "AWS4-HMAC-SHA256 NTLM",
  "Api-Key ApiKey Bot JWT Key Token",
];
const BASIC = bytesOf("Basic");
const BEARER = bytesOf("Bearer");
const IN_LOWER_CASE = bytesOf("bearer");
const APOSTROPHE: u8 = 0x27;
/** In signatures of requests: the public half of the key. */
const CREDENTIAL = bytesOf("Credential=");

const spellings: Bytes[] = [];
const numbers = new ByteTable();
for (let i = 0; i < SCHEMES.length; ++i) {
  const names = SCHEMES[i].split(" ");
  for (let j = 0; j < names.length; ++j) {
    const spelling = bytesOf(names[j]);
    numbers.add(inLowerCase(spelling), spellings.length);
    spellings.push(spelling);
  }
}

/** The longest scheme, and room for one in lower case. */
const MAX_SCHEME: i32 = 32;
const scheme = memory.data(32);

/**
 * The canonical form of an `authorization` value: the scheme, which is case-insensitive, as most clients write it, one space,
 * and the rest (RFC 9110, 11.4). The Base64 of `Basic` loses everything that decoders ignore. A value without a scheme is
 * returned unchanged. `Bearer` with different tokens is `AMBIGUOUS`.
 * @param value without surrounding blanks
 */
export function credentialsOf(value: Bytes): Bytes {
  const start = addressOf(value);
  const end = start + value.byteLength;
  let at = start;
  while (at < end && at - start <= <usize>MAX_SCHEME && isTokenChar(load<u8>(at))) ++at;
  const length = <i32>(at - start);
  if (length == 0 || length > MAX_SCHEME || at == end || blankAt(at, end) == 0) return value;
  for (let i = 0; i < length; ++i) store<u8>(scheme + i, toLower(load<u8>(start + i)));
  const number = numbers.find(scheme, length);
  const spelling = number >= 0 ? addressOf(spellings[number]) : scheme;
  const rest = skipBlanks(at, end);

  const restSize = <i32>(end - rest);
  const isSpeltSo = rest == at + 1 && load<u8>(at) == SPACE && memory.compare(start, spelling, length) == 0;
  const isBasic = number >= 0 && equals(spellings[number], BASIC);
  if (number >= 0 && equals(spellings[number], BEARER)) {
    if (isSpeltSo && !hasMark(rest, end)) return value;
    const token = onlyToken(rest, end);
    if (token === null) return AMBIGUOUS;
    if (token.byteLength > 0) return join(BEARER, token);
  }
  if (isSpeltSo && !isBasic) return value;
  // Padding adds at most three bytes.
  const out = new ArrayBuffer(length + 1 + restSize + 3);
  const to = addressOf(out);
  memory.copy(to, spelling, length);
  store<u8>(to + length, SPACE);
  let size = isBasic ? writeBase64(to + length + 1, rest, end) : -1;
  if (size < 0) {
    size = restSize;
    memory.copy(to + length + 1, rest, restSize);
  }
  return slice(out, 0, length + 1 + size);
}

/**
 * The key that a value holds, the same wherever a caller sends it: without the scheme, which servers do not insist on. Of a signed
 * request (AWS and the like, `Credential=<id>/…, Signature=…`) it is the id of the key, because signatures differ. `Basic` keeps
 * its scheme. Several words that could be the key are `AMBIGUOUS`; a scheme alone is no key.
 * @param value without surrounding blanks
 * @param isAuthorization whether its first word is a scheme, even if it is an unknown one
 */
export function keyOf(value: Bytes, isAuthorization: bool): Bytes {
  const credentials = credentialsOf(value);
  if (credentials === AMBIGUOUS) return AMBIGUOUS;
  const start = addressOf(credentials);
  const end = start + credentials.byteLength;
  let at = start;
  while (at < end && blankAt(at, end) == 0) ++at;
  const length = <i32>(at - start);
  if (equalsAt(start, length, BASIC) || !(isAuthorization || isScheme(start, length))) return credentials;
  if (at == end) at = start;
  const id = equalsAt(start, length, BEARER) ? EMPTY : signerIn(at, end);
  if (id === null) return AMBIGUOUS;
  const token = id.byteLength > 0 ? id : onlyToken(at, end);
  return token === null ? AMBIGUOUS : token;
}

/** Whether the `length` bytes at `ptr` are a scheme that is known. */
function isScheme(ptr: usize, length: i32): bool {
  if (length > MAX_SCHEME) return false;
  for (let i = 0; i < length; ++i) store<u8>(scheme + i, toLower(load<u8>(ptr + i)));
  return numbers.find(scheme, length) >= 0;
}

/** The id of the key that has signed a request; empty if there is none, null if there are different ones. */
function signerIn(from: usize, end: usize): Bytes | null {
  const size = CREDENTIAL.byteLength;
  let id: Bytes = EMPTY;
  for (let at = from; at + size < end; ++at) {
    if (!equalsAt(at, size, CREDENTIAL)) continue;
    at += size;
    const start = at;
    while (at < end && load<u8>(at) != SLASH && markAt(at, end) == 0) ++at;
    const length = <i32>(at - start);
    if (id.byteLength == 0) id = copyOf(start, length);
    else if (!equalsAt(start, length, id)) return null;
  }
  return id;
}

/**
 * The only token between `from` and `end`, without blanks, quotes, commas and semicolons around it, which tokens never contain
 * (RFC 6750, 2.1) and some servers drop, with all that follows, and without a repeated scheme, which some servers remove anywhere. Empty if there is no token;
 * null if there are different ones, because servers use the first or the last.
 */
function onlyToken(from: usize, end: usize): Bytes | null {
  let token: Bytes = EMPTY;
  let at = from;
  while (at < end) {
    const size = markAt(at, end);
    if (size > 0) {
      at += size;
      continue;
    }
    const start = at;
    while (at < end && markAt(at, end) == 0) ++at;
    const length = <i32>(at - start);
    if (equalsIgnoreCase(start, length, IN_LOWER_CASE)) continue;
    if (token.byteLength == 0) token = copyOf(start, length);
    else if (!equalsAt(start, length, token)) return null;
  }
  return token;
}

function hasMark(from: usize, end: usize): bool {
  for (let at = from; at < end; ++at) {
    if (markAt(at, end) > 0) return true;
  }
  return false;
}

/** The size of the blank, quote, comma or semicolon at `at`, or 0. */
function markAt(at: usize, end: usize): usize {
  const c = load<u8>(at);
  if (c > SEMICOLON && c < 0x80) return 0;
  return c == COMMA || c == SEMICOLON || c == QUOTE || c == APOSTROPHE ? 1 : blankAt(at, end);
}

function join(scheme: Bytes, token: Bytes): Bytes {
  const size = scheme.byteLength;
  const out = new ArrayBuffer(size + 1 + token.byteLength);
  memory.copy(addressOf(out), addressOf(scheme), size);
  store<u8>(addressOf(out) + size, SPACE);
  memory.copy(addressOf(out) + size + 1, addressOf(token), token.byteLength);
  return out;
}

/**
 * Writes Base64 in canonical form (RFC 4648, 3.5 and 4): padded, unused bits zero, no other characters, and nothing after the
 * padding. `-` and `_` are accepted as digits of the URL-safe alphabet.
 * @returns the length, or -1 if this is not Base64
 */
function writeBase64(to: usize, from: usize, end: usize): i32 {
  let size = 0;
  let last = 0;
  for (let at = from; at < end; ++at) {
    const c = load<u8>(at);
    if (c == EQUALS) break;
    const digit = base64Value(c);
    if (digit < 0) continue;
    last = digit;
    store<u8>(to + size++, base64Digit(digit));
  }
  const group = size & 3;
  if (size == 0 || group == 1) return -1;
  if (group == 0) return size;
  store<u8>(to + size - 1, base64Digit(last & (group == 2 ? 0x30 : 0x3c)));
  for (let i = group; i < 4; ++i) store<u8>(to + size++, EQUALS);
  return size;
}

function base64Value(c: u8): i32 {
  if (isLetter(c)) return c < 0x61 ? c - 0x41 : c - 0x61 + 26;
  if (isDigit(c)) return c - 0x30 + 52;
  if (c == PLUS || c == MINUS) return 62;
  return c == SLASH || c == UNDERSCORE ? 63 : -1;
}

function base64Digit(value: i32): u8 {
  if (value < 26) return <u8>(0x41 + value);
  if (value < 52) return <u8>(0x61 + value - 26);
  if (value < 62) return <u8>(0x30 + value - 52);
  return value == 62 ? PLUS : SLASH;
}

const TOKEN_MARKS = bytesOf("!#$%&'*+-.^_`|~");

/** Whether `c` is a `tchar` of RFC 9110, 5.6.2. */
function isTokenChar(c: u8): bool {
  if (isLetter(c) || isDigit(c)) return true;
  for (let i = 0; i < TOKEN_MARKS.byteLength; ++i) {
    if (load<u8>(addressOf(TOKEN_MARKS) + i) == c) return true;
  }
  return false;
}
