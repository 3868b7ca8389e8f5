import { hexValue } from "../bytes/ascii";
import { BAD_ESCAPE, Pattern, TRAILING_BACKSLASH } from "./pattern";
import { MAX_RUNE } from "./rune-set";

/** Reads the escape of a single rune, whose backslash is at the cursor. @returns -1 with an error if it is not one */
export function parseEscape(p: Pattern): i32 {
  const from = p.at++;
  if (p.peek() < 0) {
    p.failAt(TRAILING_BACKSLASH, from);
    return -1;
  }
  const c = p.next();
  if (c < 0) return -1;
  let rune = -1;
  switch (c) {
    case 0x61: // a
      return 0x07;
    case 0x66: // f
      return 0x0c;
    case 0x6e: // n
      return 0x0a;
    case 0x72: // r
      return 0x0d;
    case 0x74: // t
      return 0x09;
    case 0x76: // v
      return 0x0b;
    case 0x78: // x
      rune = parseHex(p);
      break;
    default:
      if (isOctal(c)) rune = parseOctal(p, c);
      else if (c < 0x80 && !isAlphanumeric(c)) return c;
  }
  if (rune < 0) p.fail(BAD_ESCAPE, from, p.at, hintFor(c));
  return rune;
}

/** Reads an octal escape of up to three digits; `first` has been read. A single digit other than 0 would be a back-reference. */
function parseOctal(p: Pattern, first: i32): i32 {
  if (first != 0x30 && !isOctal(p.peek())) return -1;
  let rune = first - 0x30;
  for (let i = 1; i < 3 && isOctal(p.peek()); ++i) rune = (rune << 3) | (p.next() - 0x30);
  return rune;
}

/** Reads what follows `\x`: two hexadecimal digits, or any number of them in braces. */
function parseHex(p: Pattern): i32 {
  const c = p.next();
  if (c != 0x7b) {
    const high = hexOf(c);
    const low = p.failed ? -1 : hexOf(p.next());
    return high < 0 || low < 0 ? -1 : (high << 4) | low;
  }
  let rune = 0;
  let digits = 0;
  let next = p.next();
  for (; hexOf(next) >= 0; next = p.next()) {
    rune = (rune << 4) | hexOf(next);
    if (rune > MAX_RUNE) return -1;
    ++digits;
  }
  return next == 0x7d && digits > 0 ? rune : -1;
}

function hexOf(rune: i32): i32 {
  return rune < 0 || rune >= 0x80 ? -1 : hexValue(<u8>rune);
}

function isOctal(c: i32): bool {
  return c >= 0x30 && c <= 0x37;
}

/** `0` to `9`, `A` to `Z`, `a` to `z`. */
export function isAlphanumeric(c: i32): bool {
  return (c >= 0x30 && c <= 0x39) || <u32>((c | 0x20) - 0x61) < 26;
}

/** What to write instead of an escape that only other engines know. */
function hintFor(c: i32): string {
  if (c >= 0x31 && c <= 0x39) return "back-references are not supported";
  switch (c) {
    case 0x5a: // Z
      return "write \\z or $";
    case 0x75: // u
      return "write \\x{...}";
    case 0x68: // h
      return "write [\\t ]";
    case 0x52: // R
      return "write \\r?\\n";
    case 0x65: // e
      return "write \\x1B";
    default:
      return "";
  }
}
