import { BACKSLASH, COMMA, QUOTE, RIGHT_BRACE, SPACE } from "../bytes/ascii";

/*
 * Searches eight bytes at a time. For a word w, `(w - 0x01..01) & ~w & 0x80..80` marks its zero bytes. The lowest mark is
 * exact; higher ones may be false, so only the lowest is used. XOR with a repeated byte turns "equals that byte" into
 * "is zero". (Mycroft's test; H. Warren, Hacker's Delight, section 6-1.)
 */
const ONES: u64 = 0x0101010101010101;
const HIGHS: u64 = 0x8080808080808080;
const QUOTES: u64 = 0x2222222222222222;
const BACKSLASHES: u64 = 0x5c5c5c5c5c5c5c5c;
const SPACES: u64 = 0x2020202020202020;

/*
 * [ ] { } are 5b 5d 7b 7d: the bytes that become 59 when the bits of 26 are cleared. So do Y _ y and DEL, which callers must
 * expect.
 */
const BRACKET_MASK: u64 = 0xd9d9d9d9d9d9d9d9;
const BRACKETS: u64 = 0x5959595959595959;

// @ts-ignore: decorator
@inline
function zeroBytes(word: u64): u64 {
  return (word - ONES) & ~word & HIGHS;
}

/**
 * The address of the quote that ends a string; `end` if the string continues. This searches for quotes and, only if one follows a
 * backslash, counts backslashes to see whether it is escaped: a long text has many escapes, but few of quotes.
 * @param from the first byte that can be an escape's backslash
 */
export function findClosingQuote(from: usize, end: usize): usize {
  let at = findQuote(from, end);
  while (at < end && endsInEscape(from, at)) at = findQuote(at + 1, end);
  return at;
}

/** Whether the bytes from `from` to `to` end with the backslash that begins an escape. */
// @ts-ignore: decorator
@inline
export function endsInEscape(from: usize, to: usize): bool {
  let at = to;
  while (at > from && load<u8>(at - 1) == BACKSLASH) --at;
  return ((to - at) & 1) != 0;
}

function findQuote(at: usize, end: usize): usize {
  for (; at + 32 <= end; at += 32) {
    const a = load<u64>(at) ^ QUOTES;
    const b = load<u64>(at, 8) ^ QUOTES;
    const c = load<u64>(at, 16) ^ QUOTES;
    const d = load<u64>(at, 24) ^ QUOTES;
    // The cheaper half of the test comes first; it also finds bytes outside ASCII.
    if ((((a - ONES) | (b - ONES) | (c - ONES) | (d - ONES)) & HIGHS) == 0) continue;
    if (zeroBytes(a) != 0) return at + <usize>(ctz(zeroBytes(a)) >> 3);
    if (zeroBytes(b) != 0) return at + 8 + <usize>(ctz(zeroBytes(b)) >> 3);
    if (zeroBytes(c) != 0) return at + 16 + <usize>(ctz(zeroBytes(c)) >> 3);
    if (zeroBytes(d) != 0) return at + 24 + <usize>(ctz(zeroBytes(d)) >> 3);
  }
  while (at < end && load<u8>(at) != QUOTE) ++at;
  return at;
}

/** The address of the first `"` or `\` at or after `at`, or `end`. */
export function findStringEnd(at: usize, end: usize): usize {
  for (; at + 8 <= end; at += 8) {
    const word = load<u64>(at);
    const found = zeroBytes(word ^ QUOTES) | zeroBytes(word ^ BACKSLASHES);
    if (found != 0) return at + <usize>(ctz(found) >> 3);
  }
  for (; at < end; ++at) {
    const c = load<u8>(at);
    if (c == QUOTE || c == BACKSLASH) break;
  }
  return at;
}

/**
 * Copies bytes up to the first backslash, or up to `end`. Eight more bytes than that may be read, and written.
 * @returns how many were copied
 */
export function copyToBackslash(at: usize, end: usize, out: usize): i32 {
  const shift = out - at;
  let from = at;
  for (; from < end; from += 8) {
    const word = load<u64>(from);
    store<u64>(from + shift, word);
    const found = zeroBytes(word ^ BACKSLASHES);
    if (found == 0) continue;
    from += <usize>(ctz(found) >> 3);
    break;
  }
  return <i32>(min(from, end) - at);
}

/** The address of the first byte at or after `at` that may be a bracket, a brace or a quote, or `end`. */
export function findStructure(at: usize, end: usize): usize {
  for (; at + 8 <= end; at += 8) {
    const word = load<u64>(at);
    const found = zeroBytes(word ^ QUOTES) | zeroBytes((word & BRACKET_MASK) ^ BRACKETS);
    if (found != 0) return at + <usize>(ctz(found) >> 3);
  }
  for (; at < end; ++at) {
    const c = load<u8>(at);
    if (c == QUOTE || (c & 0xd9) == 0x59) break;
  }
  return at;
}

/** The address of the first `"`, `\\` or control character (below 0x20) at or after `at`, or `end`. */
export function findTextEnd(at: usize, end: usize): usize {
  for (; at + 8 <= end; at += 8) {
    const word = load<u64>(at);
    const control = (word - SPACES) & ~word & HIGHS;
    const found = control | zeroBytes(word ^ QUOTES) | zeroBytes(word ^ BACKSLASHES);
    if (found != 0) return at + <usize>(ctz(found) >> 3);
  }
  for (; at < end; ++at) {
    const c = load<u8>(at);
    if (c < SPACE || c == QUOTE || c == BACKSLASH) break;
  }
  return at;
}

/** The address of the first byte at or after `at` that ends a number or a literal in an object, or `end`. */
// @ts-ignore: decorator
@inline
export function findScalarEnd(at: usize, end: usize): usize {
  for (; at < end; ++at) {
    const c = load<u8>(at);
    // No white space of JSON is above a space.
    if (c == COMMA || c == RIGHT_BRACE || c <= SPACE) break;
  }
  return at;
}
