import { COLON, CR, LF, SPACE } from "../bytes/ascii";
import { Document } from "./document";
import { Progress } from "./progress";
import { EventTemplate } from "./event-template";
import { findLineEnd } from "../bytes/lines";

/** The position within a line. */
const enum Line {
  /** In what may be the name of a field. */
  Name,
  /** Right after `data:`, where one space is not part of the value. */
  Start,
  Value,
  /** In a line that does not matter: another field, or a comment. */
  Other,
  /** In a line that does not belong to an event stream. */
  Unknown,
}

/** Names of fields, and the two halves of `event:`, as little-endian integers. */
const DATA: u32 = 0x61746164;
const ID: u64 = 0x6469;
const EVENT: u64 = 0x746e657665;
const RETRY: u64 = 0x7972746572;
const EVEN: u32 = 0x6e657665;
const NT_COLON: u32 = 0x3a746e65;
/** The length of the longest name. */
const MAX_NAME: i32 = 5;
/** `DONE]`: many streams end with `[DONE]`, of which the JSON reader takes the bracket. */
const DONE: usize = memory.data<u8>([0x44, 0x4f, 0x4e, 0x45, 0x5d]);
const DONE_LENGTH: i32 = 5;
/** Room for a name that turned out not to be one. */
const NAME: usize = memory.data(8);
const NEWLINE: usize = memory.data<u8>([LF]);

/**
 * Server-sent events (WHATWG HTML, section 9.2.6). Only their data matters:
 *
 *     event   = 1*line end-of-line
 *     line    = ( comment / field ) end-of-line
 *     field   = name [ ":" [ " " ] value ]      name: anything but CR, LF, ":"
 *     end-of-line = CRLF / LF / CR
 *
 * The data of an event is a JSON text. It is read as it arrives, so events may have any size. An event counts even if the
 * stream ends without the blank line after it. More lenient than the standard: a `data` line after a complete text begins
 * the next text, because some servers leave out blank lines. Lines that are not part of an event, and data that is not
 * JSON, are passed on as unreadable, because they may be text. In a body of another type, this applies to all lines except
 * data.
 */
@final
@unmanaged
export class SseFraming {
  private line: Line = Line.Name;
  /** The name so far, as a little-endian integer, and its length in bytes. */
  private name: u64 = 0;
  private nameLength: i32 = 0;
  /** How many bytes of `DONE` malformed data has matched; more than its length once they differ. */
  private done: i32 = 0;
  /** Whether the last byte was a CR, so that an LF belongs to it. */
  private afterCr: bool = false;
  /** Whether the current event has had data. */
  private hasData: bool = false;
  private progress: Progress = Progress.Open;
  private template: EventTemplate;
  /** Whether the content type allows for an event stream, so that other fields and comments are not text. */
  private isTyped: bool = false;
  /** Bytes of lines that were skipped because they are not data. */
  passedOver: i64 = 0;

  constructor(private document: Document) {
    this.template = new EventTemplate(document);
  }

  dispose(): void {
    this.template.dispose();
    heap.free(changetype<usize>(this));
  }

  /** @param isTyped whether the content type is missing, is that of event streams, or is one that gateways give them */
  begin(isTyped: bool): void {
    this.isTyped = isTyped;
    this.passedOver = 0;
    this.beginLine();
    this.afterCr = false;
    this.hasData = false;
    this.template.begin();
  }

  feed(ptr: usize, len: i32): void {
    const end = ptr + len;
    let at = ptr;
    /** The address of event data that did not fit the template, or 0. */
    let unknown: usize = 0;
    if (this.afterCr && at < end) {
      if (load<u8>(at) == LF) ++at;
      this.afterCr = false;
    }
    while (at < end) {
      if (this.line == Line.Name) {
        if (this.nameLength == 0 && at + 6 < end) {
          if (load<u32>(at) == DATA && load<u8>(at, 4) == COLON) {
            this.line = Line.Start;
            at += 5;
            continue;
          }
          if (this.isTyped && load<u32>(at) == EVEN && load<u32>(at, 2) == NT_COLON) {
            this.line = Line.Other;
            at += 6;
            continue;
          }
        }
        if (this.readName(load<u8>(at))) {
          ++at;
          continue;
        }
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
      if (this.line == Line.Value) this.readData(at, stop);
      else if (this.line == Line.Unknown) this.document.pass(at, stop);
      else this.passedOver += stop - at;
      if (stop == end) return;
      if (at == unknown && this.progress == Progress.Complete && this.document.hasTextOnly) {
        this.template.keep(at, stop);
      }
      at = stop + 1;
      this.beginLine();
      if (load<u8>(stop) == CR) {
        if (at == end) this.afterCr = true;
        else if (load<u8>(at) == LF) ++at;
      }
    }
  }

  // @ts-ignore: decorator
  @inline
  private beginLine(): void {
    this.line = Line.Name;
    this.name = 0;
    this.nameLength = 0;
  }

  /** Reads a byte of a name, or the colon after it. @returns false if it is neither, so that the line is not a field */
  private readName(c: u8): bool {
    const length = this.nameLength;
    if (c == COLON) {
      const name = this.name;
      if (length == 4 && name == DATA) this.line = Line.Start;
      else if (this.isTyped && (length == 0 || name == ID || name == EVENT || name == RETRY))
        this.line = Line.Other;
      else this.beginUnknown();
      return this.line != Line.Unknown;
    }
    if (c == LF || c == CR) {
      if (length == 0) this.hasData = false;
      this.beginUnknown();
      return false;
    }
    if (length == MAX_NAME) {
      this.beginUnknown();
      return false;
    }
    this.name |= (<u64>c) << ((<u64>length) << 3);
    ++this.nameLength;
    return true;
  }

  /** The line is not part of an event: passes on what was taken for a name. */
  private beginUnknown(): void {
    this.line = Line.Unknown;
    store<u64>(NAME, this.name);
    this.document.pass(NAME, NAME + this.nameLength);
  }

  private readData(from: usize, to: usize): void {
    if (to == from) return;
    const document = this.document;
    const isOpen = this.progress == Progress.Open;
    if (isOpen) this.progress = document.feed(from, <i32>(to - from));
    if (this.progress != Progress.Malformed) return;
    let at = isOpen ? document.position : from;
    while (at < to && this.done < DONE_LENGTH && load<u8>(at) == load<u8>(DONE + this.done)) {
      ++this.done;
      ++at;
    }
    if (at == to) return;
    this.done = DONE_LENGTH + 1;
    document.pass(at, to);
  }

  /** A `data` line begins. @returns whether it starts a new text instead of continuing the current one */
  private beginData(): bool {
    if (this.hasData && this.progress == Progress.Open) {
      this.progress = this.document.feed(NEWLINE, 1);
      return false;
    }
    this.hasData = true;
    this.done = 0;
    this.progress = Progress.Open;
    this.document.begin();
    return true;
  }
}
