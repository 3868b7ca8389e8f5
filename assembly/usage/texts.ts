import { CR, LF, SPACE, TAB } from "../bytes/ascii";
import { Document, Progress } from "./document";

/** Before each text of a JSON text sequence (RFC 7464). */
const RECORD_SEPARATOR: u8 = 0x1e;

/**
 * One or more JSON texts, one after the other: a JSON body, or lines of JSON (NDJSON, JSON Lines). Where it is known that
 * lines are meant, or a text has been read before, a malformed one ends with its line; otherwise nothing after it is
 * believed, since it could be the inside of something.
 */
@final
@unmanaged
export class TextsFraming {
  private lines: bool = false;
  private between: bool = true;
  private progress: Progress = Progress.Open;

  constructor(private document: Document) {}

  /** @param lines whether each line is known to be a text of its own */
  begin(lines: bool): void {
    this.lines = lines;
    this.between = true;
    this.progress = Progress.Open;
  }

  feed(ptr: usize, len: i32): void {
    const end = ptr + len;
    let at = ptr;
    while (at < end) {
      if (this.progress == Progress.Malformed) {
        if (!this.lines) return;
        while (at < end && load<u8>(at) != LF) ++at;
        if (at == end) return;
        this.progress = Progress.Open;
        this.between = true;
      }
      if (this.between) {
        while (at < end && isBlank(load<u8>(at))) ++at;
        if (at == end) return;
        this.between = false;
        this.document.begin();
      }
      this.progress = this.document.feed(at, <i32>(end - at));
      if (this.progress == Progress.Open) return;
      at = this.document.position;
      if (this.progress == Progress.Complete) {
        this.between = true;
        this.lines = true;
      }
    }
  }
}

function isBlank(c: u8): bool {
  return c == SPACE || c == LF || c == CR || c == TAB || c == RECORD_SEPARATOR;
}
