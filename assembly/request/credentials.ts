import {
  EQUALS,
  isDigit,
  inLowerCase,
  isLetter,
  MINUS,
  PLUS,
  SLASH,
  SPACE,
  toLower,
  UNDERSCORE,
} from "../bytes/ascii";
import { blankAt, skipBlanks } from "../bytes/blanks";
import { addressOf, Bytes, bytesOf, equals, slice } from "../bytes/bytes";
import { ByteTable } from "../bytes/table";

/**
 * Schemes in the spelling that clients use: those of the IANA registry of HTTP authentication schemes, and, in the last
 * two lines, others that providers and frameworks use. All else is spelt in lower case.
 * https://www.iana.org/assignments/http-authschemes
 */
const SCHEMES: string[] = [
  "Basic Bearer Concealed Digest DPoP GNAP HOBA Mutual Negotiate OAuth PrivateToken",
  "SCRAM-SHA-1 SCRAM-SHA-256 vapid",
  "AWS4-HMAC-SHA256 NTLM",
  "Api-Key ApiKey Bot JWT Key Token",
];
const BASIC = bytesOf("Basic");

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

/** No scheme is longer; room for one in lower case. */
const MAX_SCHEME: i32 = 32;
const scheme = memory.data(32);

/**
 * The one form of what `authorization` may spell in several: the scheme, which is case-insensitive, as most clients spell
 * it, one space, and the rest (RFC 9110, 11.4). The name and password of `Basic` are in Base64 without what decoders pass
 * over. A value without a scheme is returned as it is.
 * @param value without blanks around it
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
  if (isSpeltSo && !isBasic) return value;
  // A padded group more than there are bytes is the most that Base64 can grow by.
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
 * Writes Base64 in its canonical form (RFC 4648, 3.5 and 4): no foreign characters, nothing behind the padding, unused
 * bits zero, padded. `-` and `_` are the letters of its other alphabet.
 * @returns its length, or -1 if this is not Base64
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

/** RFC 9110, 5.6.2. */
function isTokenChar(c: u8): bool {
  if (isLetter(c) || isDigit(c)) return true;
  for (let i = 0; i < TOKEN_MARKS.byteLength; ++i) {
    if (load<u8>(addressOf(TOKEN_MARKS) + i) == c) return true;
  }
  return false;
}
