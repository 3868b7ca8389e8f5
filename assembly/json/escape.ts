import {
  AMPERSAND,
  BACKSLASH,
  CR,
  GREATER,
  LESS,
  LF,
  LOWER_N,
  LOWER_T,
  QUOTE,
  SPACE,
  TAB,
} from "../bytes/ascii";
import { ByteBuilder } from "../bytes/builder";
import { decodeRune, REPLACEMENT, runeLength } from "../bytes/utf8";

const LINE_SEPARATOR: i32 = 0x2028;
const PARAGRAPH_SEPARATOR: i32 = 0x2029;

/** Appends the `len` bytes at `ptr` as the content of a JSON string, without its quotes (RFC 8259, section 7). */
export function appendEscaped(out: ByteBuilder, ptr: usize, len: i32): void {
  append(out, ptr, len, false);
}

/**
 * The same as Go's encoding/json writes it by default (SetEscapeHTML): `<`, `>`, `&`, U+2028 and U+2029 are written
 * as \u escapes too.
 */
export function appendEscapedForHtml(out: ByteBuilder, ptr: usize, len: i32): void {
  append(out, ptr, len, true);
}

/** Invalid UTF-8 becomes U+FFFD, byte by byte, written as `\ufffd` as Go does. */
function append(out: ByteBuilder, ptr: usize, len: i32, html: bool): void {
  const end = ptr + max(len, 0);
  let from = ptr;
  let at = ptr;
  while (at < end) {
    const c = load<u8>(at);
    if (c < 0x80) {
      if (
        c < SPACE ||
        c == QUOTE ||
        c == BACKSLASH ||
        (html && (c == LESS || c == GREATER || c == AMPERSAND))
      ) {
        out.at(from, <i32>(at - from));
        appendByte(out, c);
        from = at + 1;
      }
      ++at;
      continue;
    }
    const rune = decodeRune(at, end);
    const size = runeLength;
    const invalid = rune == REPLACEMENT && size == 1;
    if (invalid || (html && (rune == LINE_SEPARATOR || rune == PARAGRAPH_SEPARATOR))) {
      out.at(from, <i32>(at - from));
      appendUnit(out, rune);
      from = at + size;
    }
    at += size;
  }
  out.at(from, <i32>(end - from));
}

function appendByte(out: ByteBuilder, c: u8): void {
  let letter: u8 = 0;
  if (c == QUOTE || c == BACKSLASH) letter = c;
  else if (c == LF) letter = LOWER_N;
  else if (c == CR)
    letter = 0x72; // r
  else if (c == TAB) letter = LOWER_T;
  else if (c == 0x08)
    letter = 0x62; // b
  else if (c == 0x0c) letter = 0x66; // f
  if (letter == 0) appendUnit(out, c);
  else out.byte(BACKSLASH).byte(letter);
}

/** `\uXXXX` for a code point of the basic plane. */
function appendUnit(out: ByteBuilder, unit: i32): void {
  out.byte(BACKSLASH).byte(0x75 /* u */);
  for (let shift = 12; shift >= 0; shift -= 4) {
    const digit = <u8>((unit >> shift) & 15);
    out.byte(digit < 10 ? 0x30 + digit : 0x57 + digit);
  }
}
