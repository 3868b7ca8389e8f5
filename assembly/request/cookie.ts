import { COMMA, EQUALS, hexValue, isDigit, isLetter, PERCENT, QUOTE, SEMICOLON } from "../bytes/ascii";
import { dropBlanks, skipBlanks } from "../bytes/blanks";
import { addressOf, Bytes, bytesOf, copyOf, slice } from "../bytes/bytes";
import { Questions } from "../rules/questions";
import { Answers, compareAnswer } from "./answers";

/**
 * Answers the questions for cookies in a `cookie` header, all lines of it.
 *
 * As in the published plugin, whose counters this must find again: pairs between `;`, the value ends before a second `=`,
 * a pair without `=` is no cookie, and an empty value is none. More leniently than there, because servers are: blanks
 * beside the name and the value do not count, nor how the value is spelt (`cookieText`), and a name may also stand behind
 * a blank or a comma inside of another cookie's value, where some begin a new one. Values of one name that differ are
 * ambiguous, empty ones too.
 */
export function readCookies(header: Bytes, questions: Questions, answers: Answers<Bytes>): void {
  const end = addressOf(header) + header.byteLength;
  let at = addressOf(header);
  while (at < end) {
    let next = at;
    while (next < end && load<u8>(next) != SEMICOLON) ++next;
    readPair(at, next, questions, answers);
    at = next + 1;
  }
}

/** What stands between two semicolons: a cookie, and what some servers would take for more of them. */
function readPair(from: usize, end: usize, questions: Questions, answers: Answers<Bytes>): void {
  let equals = find(from, end);
  let start = from;
  while (equals < end) {
    const valueEnd = find(equals + 1, end);
    const nameEnd = dropBlanks(start, equals);
    let nameStart = nameEnd;
    // The first name of a pair is all that stands before the first `=`.
    if (start == from) nameStart = skipBlanks(start, nameEnd);
    else while (nameStart > start && !endsCookie(load<u8>(nameStart - 1))) --nameStart;
    const isName = start == from || nameStart > start;
    const question = isName ? questions.findCookie(nameStart, <i32>(nameEnd - nameStart)) : -1;
    if (question >= 0) keep(question, cookieText(equals + 1, valueEnd), answers);
    start = equals + 1;
    equals = valueEnd;
  }
}

function keep(question: i32, value: Bytes, answers: Answers<Bytes>): void {
  if (answers.has(question)) compareAnswer(answers, question, addressOf(value), value.byteLength);
  else answers.keep(question, value);
}

/** Where the next `=` stands, or `end`. */
function find(from: usize, end: usize): usize {
  let at = from;
  while (at < end && load<u8>(at) != EQUALS) ++at;
  return at;
}

/** Whether some servers begin another cookie behind this byte. */
// @ts-ignore: decorator
@inline
function endsCookie(c: u8): bool {
  return c <= 0x20 || c == COMMA;
}

/** What `encodeURIComponent` leaves as it is, beside letters and digits. */
const PLAIN = bytesOf("-_.!~*'()");

/**
 * A cookie's value in its one form: without blanks and quotes around it, and, where bytes of it are written as `%41`,
 * with only those encoded that `encodeURIComponent` would encode. Servers differ in whether they decode; those that do
 * take all of these spellings for one value.
 */
export function cookieText(first: usize, last: usize): Bytes {
  let from = skipBlanks(first, last);
  let end = dropBlanks(from, last);
  if (end - from >= 2 && load<u8>(from) == QUOTE && load<u8>(end - 1) == QUOTE) {
    ++from;
    --end;
  }
  let isEncoded = false;
  for (let at = from; at < end && !isEncoded; ++at) isEncoded = encodedByte(at, end) >= 0;
  return isEncoded ? reencoded(from, end) : copyOf(from, <i32>(end - from));
}

function reencoded(from: usize, end: usize): Bytes {
  const out = new ArrayBuffer(3 * <i32>(end - from));
  const start = addressOf(out);
  let to = start;
  for (let at = from; at < end; ++at) {
    let c = load<u8>(at);
    const encoded = encodedByte(at, end);
    if (encoded >= 0) {
      c = <u8>encoded;
      at += 2;
    }
    if (isPlain(c)) {
      store<u8>(to++, c);
    } else {
      store<u8>(to, PERCENT);
      store<u8>(to, hexDigit(c >> 4), 1);
      store<u8>(to, hexDigit(c & 15), 2);
      to += 3;
    }
  }
  return slice(out, 0, <i32>(to - start));
}

/** The byte that is encoded at `at`, or -1. */
function encodedByte(at: usize, end: usize): i32 {
  if (load<u8>(at) != PERCENT || end - at < 3) return -1;
  const high = hexValue(load<u8>(at, 1));
  const low = hexValue(load<u8>(at, 2));
  return high < 0 || low < 0 ? -1 : (high << 4) | low;
}

function isPlain(c: u8): bool {
  if (isLetter(c) || isDigit(c)) return true;
  for (let i = 0; i < PLAIN.byteLength; ++i) {
    if (load<u8>(addressOf(PLAIN) + i) == c) return true;
  }
  return false;
}

function hexDigit(value: u8): u8 {
  return value < 10 ? 0x30 + value : 0x41 - 10 + value;
}
