import { COLON, CR, LF, SPACE } from "../bytes/ascii";
import { Document, Progress } from "./document";
import { EventTemplate } from "./event-template";
import { findLineEnd } from "./lines";

/** Where in a line we are. */
const enum Line {
  /** In what may be the field name `data`. */
  Name,
  /** Right after `data:`, where one space is not part of the value. */
  Start,
  Value,
  /** In a line that does not matter: another field, a comment. */
  Other,
}

/** "data", its first letter lowest. */
const DATA: u32 = 0x61746164;
const NAME_LENGTH: i32 = 4;
const NEWLINE: usize = memory.data<u8>([LF]);

/**
 * Server-sent events (WHATWG HTML, section 9.2.6), of which only the data matters:
 *
 *     event   = 1*line end-of-line
 *     line    = ( comment / field ) end-of-line
 *     field   = name [ ":" [ " " ] value ]      name: anything but CR, LF, ":"
 *     end-of-line = CRLF / LF / CR
 *
 * The data of an event is a JSON text and is read as it comes, so events may be of any size. An event counts even if
 * the stream ends without the blank line after it. Laxer than the standard: where a server leaves out blank lines, a
 * `data` line after a complete text begins the next one.
 */
@final
@unmanaged
export class SseFraming {
  private line: Line = Line.Name;
  private matched: i32 = 0;
  /** Whether the last byte was a CR, so that an LF belongs to it. */
  private afterCr: bool = false;
  /** Whether the current event has had data. */
  private hasData: bool = false;
  private progress: Progress = Progress.Open;
  private template: EventTemplate;

  constructor(private document: Document) {
    this.template = new EventTemplate(document);
  }

  dispose(): void {
    this.template.dispose();
    heap.free(changetype<usize>(this));
  }

  begin(): void {
    this.line = Line.Name;
    this.matched = 0;
    this.afterCr = false;
    this.hasData = false;
    this.template.begin();
  }

  feed(ptr: usize, len: i32): void {
    const end = ptr + len;
    let at = ptr;
    /** Where the data of an event begin that did not fit the template. */
    let unknown: usize = 0;
    if (this.afterCr && at < end) {
      if (load<u8>(at) == LF) ++at;
      this.afterCr = false;
    }
    while (at < end) {
      if (this.line == Line.Name) {
        if (this.matched == 0 && at + 5 < end && load<u32>(at) == DATA && load<u8>(at, 4) == COLON) {
          this.line = Line.Start;
          at += 5;
          continue;
        }
        const c = load<u8>(at);
        if (this.matched < NAME_LENGTH) {
          if (c == <u8>(DATA >> (this.matched << 3))) {
            ++this.matched;
            ++at;
            continue;
          }
        } else if (c == COLON) {
          this.line = Line.Start;
          ++at;
          continue;
        }
        if (this.matched == 0 && (c == LF || c == CR)) this.hasData = false;
        this.line = Line.Other;
      } else if (this.line == Line.Start) {
        this.line = Line.Value;
        if (load<u8>(at) == SPACE) ++at;
        if (this.beginData()) {
          const behind = this.template.fit(at, end);
          if (behind == 0) {
            unknown = at;
          } else {
            this.progress = Progress.Complete;
            at = behind;
          }
        }
        continue;
      }
      const stop = findLineEnd(at, end);
      if (this.line == Line.Value && stop > at && this.progress == Progress.Open) {
        this.progress = this.document.feed(at, <i32>(stop - at));
      }
      if (stop == end) return;
      if (at == unknown && this.progress == Progress.Complete && this.document.toldTextOnly) {
        this.template.keep(at, stop);
      }
      at = stop + 1;
      this.line = Line.Name;
      this.matched = 0;
      if (load<u8>(stop) == CR) {
        if (at == end) this.afterCr = true;
        else if (load<u8>(at) == LF) ++at;
      }
    }
  }

  /** A line of data begins: it goes on with the text of the event, or starts a new one, which is told. */
  private beginData(): bool {
    if (this.hasData && this.progress == Progress.Open) {
      this.progress = this.document.feed(NEWLINE, 1);
      return false;
    }
    this.hasData = true;
    this.progress = Progress.Open;
    this.document.begin();
    return true;
  }
}
