import {
  BACKSLASH,
  COMMA,
  EQUALS,
  hexValue,
  isDigit,
  isLetter,
  PERCENT,
  QUOTE,
  SEMICOLON,
} from "../bytes/ascii";
import { dropBlanks, skipBlanks } from "../bytes/blanks";
import { addressOf, Bytes, bytesOf, copyOf, slice } from "../bytes/bytes";
import { Questions } from "../rules/questions";
import { Answers, compareAnswer } from "./answers";

/**
 * Answers the questions for cookies from `header`, the joined lines of the `cookie` header.
 *
 * As in the published plugin, whose counters must be found again: `;` separates pairs, a value ends before a second `=`, a
 * pair without `=` is not a cookie, and an empty value does not count. More lenient than the plugin, as servers are: blanks
 * around names and values and the encoding of a value (`cookieText`) do not matter, and a name may also follow a blank or
 * comma inside another cookie's value, because some servers begin a new cookie there. Different values of one name are
 * ambiguous, even if one is empty.
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

/** Reads the text between two semicolons: a cookie, and anything in it that some servers take for further cookies. */
function readPair(from: usize, end: usize, questions: Questions, answers: Answers<Bytes>): void {
  let equals = find(from, end);
  let start = from;
  while (equals < end) {
    const valueEnd = find(equals + 1, end);
    const nameEnd = dropBlanks(start, equals);
    let nameStart = nameEnd;
    // The first name of a pair is everything before the first `=`.
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

/** The address of the next `=`, or `end`. */
function find(from: usize, end: usize): usize {
  let at = from;
  while (at < end && load<u8>(at) != EQUALS) ++at;
  return at;
}

/** Whether some servers begin another cookie after this byte. */
// @ts-ignore: decorator
@inline
function endsCookie(c: u8): bool {
  return c <= 0x20 || c == COMMA;
}

/** The characters that `encodeURIComponent` does not encode, besides letters and digits. */
const PLAIN = bytesOf("-_.!~*'()");

/**
 * A cookie's value in canonical form: without surrounding blanks and quotes, and without the escapes that Python's servers resolve
 * between quotes: a backslash, and a character or three octal digits. If some bytes are percent-encoded, exactly those
 * bytes are that `encodeURIComponent` would encode. Servers that decode values treat all these spellings as one value; others
 * do not decode.
 */
export function cookieText(first: usize, last: usize): Bytes {
  let from = skipBlanks(first, last);
  let end = dropBlanks(from, last);
  if (end - from >= 2 && load<u8>(from) == QUOTE && load<u8>(end - 1) == QUOTE) {
    ++from;
    --end;
    const unquoted = withoutBackslashes(from, end);
    from = addressOf(unquoted);
    end = from + unquoted.byteLength;
  }
  let isEncoded = false;
  for (let at = from; at < end && !isEncoded; ++at) isEncoded = encodedByte(at, end) >= 0;
  return isEncoded ? reencoded(from, end) : copyOf(from, <i32>(end - from));
}

function withoutBackslashes(from: usize, end: usize): Bytes {
  const out = new ArrayBuffer(<i32>(end - from));
  let to = addressOf(out);
  for (let at = from; at < end; ++at) {
    let c = load<u8>(at);
    if (c == BACKSLASH && at + 1 < end) {
      c = load<u8>(++at);
      const octal = octalByte(at, end);
      if (octal >= 0) {
        c = <u8>octal;
        at += 2;
      }
    }
    store<u8>(to++, c);
  }
  return slice(out, 0, <i32>(to - addressOf(out)));
}

/** The byte that three octal digits at `at` stand for, or -1. */
function octalByte(at: usize, end: usize): i32 {
  if (end - at < 3) return -1;
  let value = 0;
  for (let i: usize = 0; i < 3; ++i) {
    const digit = <i32>load<u8>(at + i) - 0x30;
    if (<u32>digit > 7) return -1;
    value = (value << 3) | digit;
  }
  return value < 256 ? value : -1;
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

/** The byte that is percent-encoded at `at`, or -1. */
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
