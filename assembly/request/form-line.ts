import { BACKSLASH, COLON, DOT, equalsIgnoreCase, isDigit, isLetter, MINUS, QUOTE } from "../bytes/ascii";
import { LEFT_BRACKET, RIGHT_BRACKET, SEMICOLON, UNDERSCORE } from "../bytes/ascii";
import { skipBlanks } from "../bytes/blanks";
import { areSame, Bytes, bytesOf } from "../bytes/bytes";
import { isFallbacks, Name, nameOf } from "./cap-names";

/** What a line among the headers of a part tells. */
export const enum PartHeader {
  /** Servers may read it differently. */
  Unclear,
  Other,
  /** That the part is the field `model`, or another field, or a file. */
  Model,
  Field,
}

const DISPOSITION = bytesOf("content-disposition");
const FORM_DATA = bytesOf('form-data; name="');
const FILENAME = bytesOf('; filename="');
const FILENAME_EXTENDED = bytesOf("; filename*=");

/** Reads a line among the headers of a part (RFC 7578, section 4.2), spelled as clients do: nothing else is believed. */
export function partHeader(line: usize, end: usize): PartHeader {
  // A folded line, or one without a name.
  if (!isLetter(load<u8>(line))) return PartHeader.Unclear;
  let at = after(line, end, DISPOSITION);
  if (at == 0) return PartHeader.Other;
  if (at == end || load<u8>(at) != COLON) return PartHeader.Unclear;
  at = after(skipBlanks(at + 1, end), end, FORM_DATA);
  if (at == 0) return PartHeader.Unclear;
  const name = at;
  while (at < end && isNameByte(load<u8>(at))) ++at;
  if (at == end || load<u8>(at) != QUOTE) return PartHeader.Unclear;
  const isModel = nameOf(name, <i32>(at - name)) == Name.Model;
  let stop = at;
  while (stop > name && load<u8>(stop - 1) >= LEFT_BRACKET && load<u8>(stop - 1) <= RIGHT_BRACKET) --stop;
  if (isFallbacks(nameOf(name, <i32>(stop - name)))) return PartHeader.Unclear;
  ++at;
  if (at == end) return isModel ? PartHeader.Model : PartHeader.Field;
  // No server is known to take a file for a model, and none to ignore one.
  return !isModel && isFilename(at, end) ? PartHeader.Field : PartHeader.Unclear;
}

/** Names of fields with other bytes are written, or cut, in several ways. */
function isNameByte(c: u8): bool {
  return (
    isLetter(c) ||
    isDigit(c) ||
    c == UNDERSCORE ||
    c == MINUS ||
    c == DOT ||
    c == LEFT_BRACKET ||
    c == RIGHT_BRACKET
  );
}

/** Whether there is a file's name, and no other parameter that some server might find in it. */
function isFilename(from: usize, end: usize): bool {
  let at = after(from, end, FILENAME);
  const isQuoted = at != 0;
  if (!isQuoted) at = after(from, end, FILENAME_EXTENDED);
  if (at == 0) return false;
  const last = isQuoted ? end - 1 : end;
  if (isQuoted && (last < at || load<u8>(last) != QUOTE)) return false;
  for (; at < last; ++at) {
    const c = load<u8>(at);
    if (c == QUOTE || c == SEMICOLON || c == BACKSLASH) return false;
  }
  return true;
}

/** The address behind `lower`, with which a text begins in any letter case; 0 if it does not. */
function after(at: usize, end: usize, lower: Bytes): usize {
  const size = lower.byteLength;
  return <i32>(end - at) >= size && equalsIgnoreCase(at, size, lower) ? at + size : 0;
}

/** Whether a content type is that of a form. */
export function isFormData(type: usize, size: i32): bool {
  return after(type, type + size, TYPE) != 0;
}

const TYPE = bytesOf("multipart/form-data; boundary=");

/**
 * Whether a content type (RFC 7578) is that of a form whose boundary is the `len` bytes at `ptr`, in quotes or without, and tells
 * nothing else: where servers differ in what they take from it, they differ in what the fields are.
 */
export function isFormType(type: usize, size: i32, ptr: usize, len: i32): bool {
  const end = type + size;
  const at = after(type, end, TYPE);
  if (at == 0) return false;
  const left = <i32>(end - at);
  if (left == len) return areSame(at, ptr, len);
  const isQuoted = left == len + 2 && load<u8>(at) == QUOTE && load<u8>(end - 1) == QUOTE;
  return isQuoted && areSame(at + 1, ptr, len);
}

/** Whether all bytes may be in a boundary with and without quotes. */
export function isBoundary(ptr: usize, len: i32): bool {
  for (let i = 0; i < len; ++i) {
    const c = load<u8>(ptr + i);
    if (!isLetter(c) && !isDigit(c) && c != MINUS && c != UNDERSCORE && c != DOT) return false;
  }
  return len > 0;
}
