import { BACKSLASH, LEFT_BRACE, LEFT_BRACKET, QUOTE, RIGHT_BRACE, RIGHT_BRACKET } from "../bytes/ascii";
import { findStringEnd, findStructure } from "./scan";

/**
 * A container that nobody wants to look into. Only strings are followed and brackets counted, so it may be of any
 * depth, and it is read many bytes at a time.
 */
@final
export class Skipped {
  private depth: i64 = 0;
  private inString: bool = false;
  /** After a backslash in a string. */
  private escaped: bool = false;

  /** A container has just been opened. */
  begin(): void {
    this.depth = 1;
    this.inString = false;
    this.escaped = false;
  }

  /** Whether the end of the container has not been seen yet. */
  get open(): bool {
    return this.depth > 0;
  }

  /** Reads on from `at`; returns the address after the container, or `end` if it goes on. */
  read(at: usize, end: usize): usize {
    while (at < end) {
      if (this.escaped) {
        this.escaped = false;
        ++at;
        continue;
      }
      if (this.inString) {
        at = findStringEnd(at, end);
        if (at == end) break;
        if (load<u8>(at++) == BACKSLASH) this.escaped = true;
        else this.inString = false;
        continue;
      }
      at = findStructure(at, end);
      if (at == end) break;
      const c = load<u8>(at++);
      if (c == QUOTE) {
        this.inString = true;
      } else if (c == LEFT_BRACE || c == LEFT_BRACKET) {
        ++this.depth;
      } else if (c == RIGHT_BRACE || c == RIGHT_BRACKET) {
        if (--this.depth == 0) break;
      }
    }
    return at;
  }
}
