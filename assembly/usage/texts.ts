import { isSpace, LF } from "../bytes/ascii";
import { Document } from "./document";
import { Progress } from "./progress";
import { findLineEnd } from "../bytes/lines";

/** Precedes each text of a JSON text sequence (RFC 7464). */
export const RECORD_SEPARATOR: u8 = 0x1e;

/**
 * A sequence of JSON texts: a JSON body, or lines of JSON (NDJSON, JSON Lines). In lines, a text ends with its line even if it
 * is malformed or incomplete. Otherwise, everything after a malformed text is passed on as unreadable, because it could be
 * inside some other value.
 */
@final
@unmanaged
export class TextsFraming {
  /** Whether each text is a line: the content type says so, or a complete line has been read. */
  private lines: bool = false;
  /** Whether the position is between two texts. */
  private between: bool = true;
  /** Whether a text has been read. */
  private readOne: bool = false;
  private progress: Progress = Progress.Open;

  constructor(private document: Document) {}

  /** @param lines whether the content type says that each line is a text */
  begin(lines: bool): void {
    this.lines = lines;
    this.between = true;
    this.readOne = false;
    this.progress = Progress.Open;
  }

  feed(ptr: usize, len: i32): void {
    const end = ptr + len;
    let at = ptr;
    while (at < end) {
      if (this.between) {
        const c = load<u8>(at);
        if (isSpace(c) || c == RECORD_SEPARATOR) {
          if (c == LF && this.readOne) this.lines = true;
          ++at;
          continue;
        }
        this.between = false;
        this.progress = Progress.Open;
        this.document.begin();
      }
      const stop = this.lines ? findLineEnd(at, end) : end;
      if (this.progress == Progress.Open) {
        this.progress = this.document.feed(at, <i32>(stop - at));
        if (this.progress == Progress.Complete) {
          at = this.document.position;
          this.between = true;
          this.readOne = true;
          continue;
        }
        if (this.progress == Progress.Malformed) this.document.pass(this.document.position, stop);
      } else {
        this.document.pass(at, stop);
      }
      at = stop;
      if (stop < end) this.between = true;
    }
  }
}
