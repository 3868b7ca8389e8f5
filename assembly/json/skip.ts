import { LEFT_BRACE, LEFT_BRACKET, QUOTE, RIGHT_BRACE, RIGHT_BRACKET } from "../bytes/ascii";
import { endsInEscape, findClosingQuote, findScalarEnd, findStructure } from "./scan";

/** The kind of value that is skipped, and the position in it. */
const enum Skip {
  /** A number or a literal. */
  Scalar,
  String,
  Container,
  /** In a string inside the container. */
  Inside,
}

/**
 * A value that is skipped. Only strings are followed and brackets counted, so it may have any depth and is read many bytes at a
 * time. Unmanaged, like the reader it belongs to.
 */
@final
@unmanaged
export class SkippedValue {
  private state: Skip = Skip.Scalar;
  /** After a backslash in a string. */
  private escaped: bool = false;
  private depth: i64 = 0;

  /** Starts a value whose first byte is `first`. */
  begin(first: u8): void {
    this.escaped = false;
    this.depth = 1;
    if (first == QUOTE) this.state = Skip.String;
    else this.state = first == LEFT_BRACE || first == LEFT_BRACKET ? Skip.Container : Skip.Scalar;
  }

  /** Continues at `at`. @returns the address after the value; 0 if it continues after `end` */
  read(at: usize, end: usize): usize {
    while (at < end) {
      if (this.escaped) {
        this.escaped = false;
        ++at;
        continue;
      }
      switch (this.state) {
        case Skip.Scalar:
          at = findScalarEnd(at, end);
          return at < end ? at : 0;
        case Skip.Container: {
          at = findStructure(at, end);
          if (at == end) return 0;
          const c = load<u8>(at++);
          if (c == QUOTE) {
            this.state = Skip.Inside;
          } else if (c == LEFT_BRACE || c == LEFT_BRACKET) {
            ++this.depth;
          } else if (c == RIGHT_BRACE || c == RIGHT_BRACKET) {
            if (--this.depth == 0) return at;
          }
          continue;
        }
        default: {
          const quote = findClosingQuote(at, end);
          if (quote == end) {
            this.escaped = endsInEscape(at, end);
            return 0;
          }
          at = quote + 1;
          if (this.state == Skip.String) return at;
          this.state = Skip.Container;
        }
      }
    }
    return 0;
  }
}
