import { isBase64 } from "../bytes/base64";

/* What parts of a request cost that are no text. */

/** A number in a list may be a token id. One with more digits than these costs several tokens in any case. */
const TOKEN_DIGITS: i64 = 6;
const DIGITS_PER_TOKEN: i64 = 3;
/**
 * From this depth on, numbers and literals count, and a little deeper names and containers do too. Above it are settings of the
 * API, which models do not see; below it are the arguments and schemas of tools, which they read.
 */
export const DATA_DEPTH: i32 = 5;
export const STRUCTURE_DEPTH: i32 = 7;
/** A picture that is given by its URL: what Anthropic charges at most, platform.claude.com/docs/en/build-with-claude/vision */
export const PICTURE_TOKENS: i64 = 1600;
/** How many bytes of a string tell a URL from base64: within these comes a colon, or an escape of one. */
const SCHEME: i32 = 6;
/** `data`, the last letter lowest. */
const DATA: u64 = 0x64617461;

/** The tokens that a number of `length` characters costs, in a list or not. */
export function numberTokens(size: i64, depth: i32, inList: bool): i64 {
  if (size > TOKEN_DIGITS || depth >= DATA_DEPTH) return (size + DIGITS_PER_TOKEN - 1) / DIGITS_PER_TOKEN;
  return <i64>inList;
}

/** Tells URLs from base64 and data URLs by how strings begin, however they are cut. */
@final
export class UrlFinder {
  /** Whether the string is a URL that is no data URL. */
  isUrl: bool = false;
  private left: i32 = 0;
  private head: u64 = 0;

  /** A string begins. @param isWanted whether it may be a URL */
  begin(isWanted: bool): void {
    this.isUrl = false;
    this.left = isWanted ? SCHEME : 0;
    this.head = 0;
  }

  /** Reads the next `len` bytes of it, at `ptr`. */
  feed(ptr: usize, len: i32): void {
    for (let i = 0; i < len && this.left > 0; ++i, --this.left) {
      const c = load<u8>(ptr + i);
      if (isBase64(c)) {
        this.head = (this.head << 8) | c;
        continue;
      }
      this.isUrl = this.head != DATA;
      this.left = 1;
    }
  }
}
