import { AMPERSAND, EQUALS, HASH, hexValue, PERCENT, PLUS, QUESTION, SEMICOLON, SPACE } from "../bytes/ascii";
import { dropBlanks, skipBlanks } from "../bytes/blanks";
import { addressOf, Bytes, copyOf } from "../bytes/bytes";
import { ByteBuilder } from "../bytes/builder";
import { Questions } from "../rules/questions";
import { Answers, compareAnswer } from "./answers";

/** The decoded name and value of the current pair. Neither is longer than the path. */
const NAME = new ByteBuilder(64, i32.MAX_VALUE);
const VALUE = new ByteBuilder(256, i32.MAX_VALUE);
/** A longer buffer is not kept for the next request. */
const KEPT: i32 = 4096;
/** How many bytes of blanks, encoded or not, may surround the longest name. */
const BLANKS: i64 = 24;

/**
 * Answers the questions for parameters from the query of `path`, a `:path` header in any form of RFC 9112, 3.2.
 *
 * The query is read as application/x-www-form-urlencoded (WHATWG URL, 5.1): `&` separates pairs, `+` is a space, `k` and `k=`
 * have an empty value, and a `%` without two hexadecimal digits stands for itself. So a malformed pair never hides another
 * one, as it does in the published plugin. Servers disagree on whether `;` separates pairs too, and whether a `#`, which no
 * request should have, ends the query. The query is read in all these ways. Different values of one name are ambiguous, no
 * matter if they are sent twice or read in two ways.
 *
 * The path is read a few times at most, however many questions there are.
 */
export function readQuery(path: Bytes, questions: Questions, answers: Answers<Bytes>): void {
  const start = addressOf(path);
  const end = start + path.byteLength;
  const hash = find(start, end, HASH);
  let query = find(start, hash, QUESTION);
  let hasSemicolon = query < hash && find(query, hash, SEMICOLON) < hash;
  if (query < hash) {
    readPairs(query + 1, hash, false, questions, answers);
    if (hasSemicolon) readPairs(query + 1, hash, true, questions, answers);
  }
  if (hash == end) return;
  query = find(start, end, QUESTION);
  if (query == end) return;
  hasSemicolon = find(query, end, SEMICOLON) < end;
  readPairs(query + 1, end, false, questions, answers);
  if (hasSemicolon) readPairs(query + 1, end, true, questions, answers);
}

function readPairs(
  from: usize,
  end: usize,
  atSemicolons: bool,
  questions: Questions,
  answers: Answers<Bytes>,
): void {
  let at = from;
  while (at < end) {
    let equals: usize = 0;
    let next = at;
    for (; next < end; ++next) {
      const c = load<u8>(next);
      if (c == AMPERSAND || (atSemicolons && c == SEMICOLON)) break;
      if (c == EQUALS && equals == 0) equals = next;
    }
    const nameEnd = equals == 0 ? next : equals;
    // A percent-encoded byte takes three bytes.
    if (<i64>(nameEnd - at) <= 3 * <i64>questions.longestParam + BLANKS) {
      decode(at, nameEnd, NAME);
      const nameStop = NAME.ptr + NAME.length;
      const name = skipBlanks(NAME.ptr, nameStop);
      const question = questions.findParam(name, <i32>(dropBlanks(name, nameStop) - name));
      if (question >= 0) answer(question, equals == 0 ? next : equals + 1, next, answers);
    }
    at = next + 1;
  }
  if (VALUE.length > KEPT) VALUE.reset(256);
}

function answer(question: i32, from: usize, end: usize, answers: Answers<Bytes>): void {
  decode(from, end, VALUE);
  const stop = VALUE.ptr + VALUE.length;
  const value = skipBlanks(VALUE.ptr, stop);
  const size = <i32>(dropBlanks(value, stop) - value);
  if (answers.has(question)) compareAnswer(answers, question, value, size);
  else answers.keep(question, copyOf(value, size));
}

/** The name or value of a parameter as it is compared: without surrounding blanks, which servers drop. */
export function paramText(text: Bytes): Bytes {
  const stop = addressOf(text) + text.byteLength;
  const first = skipBlanks(addressOf(text), stop);
  return copyOf(first, <i32>(dropBlanks(first, stop) - first));
}

/** Decodes the bytes from `from` to `end`. */
function decode(from: usize, end: usize, out: ByteBuilder): void {
  out.clear();
  let to = out.append(<i32>(end - from));
  const start = to;
  for (let at = from; at < end; ++at) {
    let c = load<u8>(at);
    if (c == PLUS) {
      c = SPACE;
    } else if (c == PERCENT && end - at > 2) {
      const high = hexValue(load<u8>(at, 1));
      const low = hexValue(load<u8>(at, 2));
      if (high >= 0 && low >= 0) {
        c = <u8>((high << 4) | low);
        at += 2;
      }
    }
    store<u8>(to++, c);
  }
  out.length = <i32>(to - start);
}

/** The address of the first `byte`, or `end`. */
function find(from: usize, end: usize, byte: u8): usize {
  let at = from;
  while (at < end && load<u8>(at) != byte) ++at;
  return at;
}
