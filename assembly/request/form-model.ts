import { CR, LF, MINUS } from "../bytes/ascii";
import { addressOf, areSame, Bytes, EMPTY } from "../bytes/bytes";
import { findLineEnd } from "../bytes/lines";
import { isBoundary, isFormType, PartHeader, partHeader } from "./form-line";
import { modelAfter } from "./model-name";

/** The longest line that is read, in bytes. Longer ones may only be in the content of other fields. */
const MAX_LINE: i32 = 512;
/** A boundary has at most 70 characters (RFC 2046, section 5.1.1), and two dashes in front. */
const MAX_DELIMITER: i32 = 72;

const enum Place {
  FirstLine,
  Headers,
  Content,
  /** Behind the last part. */
  End,
}
const enum Break {
  CrLf,
  /** A line feed or a carriage return alone, at which some servers end lines. */
  Bare,
  /** The end of the body. */
  None,
}

/**
 * Reads the field `model` of a form (multipart/form-data, RFC 7578), which may be cut anywhere. Servers read forms very
 * differently, so only what clients send is believed: lines end with CR LF, nothing is in front of the first boundary or behind
 * the last, no other line begins like one, and headers are spelled in the usual way.
 *
 * Memory: about 600 bytes.
 */
@final
export class FormModel {
  /** Whether servers may read the form differently. */
  isUnclear: bool = false;
  private type: Bytes = EMPTY;
  private model: Bytes | null = null;
  private place: Place = Place.FirstLine;
  /** The first bytes of the line, and how many it has, up to `MAX_LINE + 1`. */
  private line: usize = heap.alloc(MAX_LINE);
  private length: i32 = 0;
  private afterCr: bool = false;
  /** The first line: two dashes and the boundary. */
  private delimiter: usize = heap.alloc(MAX_DELIMITER);
  private delimiterLength: i32 = 0;
  /** What the headers of a part tell. */
  private hasDisposition: bool = false;
  private hasOther: bool = false;
  private isModel: bool = false;
  /** Whether a line of its content has been read, and how the last one ended. */
  private hasContent: bool = false;
  private before: Break = Break.CrLf;

  dispose(): void {
    heap.free(this.line);
    heap.free(this.delimiter);
  }

  /** @param type the content type of the request */
  begin(type: Bytes): void {
    this.type = type;
    this.isUnclear = this.afterCr = false;
    this.model = null;
    this.place = Place.FirstLine;
    this.length = 0;
  }

  /** Reads the next `len` bytes of the body, at `ptr`, which are borrowed for the call. */
  feed(ptr: usize, len: i32): void {
    const end = ptr + len;
    let at = ptr;
    while (at < end && !this.isUnclear) {
      if (this.afterCr) {
        this.afterCr = false;
        const isPair = load<u8>(at) == LF;
        this.endLine(isPair ? Break.CrLf : Break.Bare);
        if (isPair) ++at;
        continue;
      }
      const stop = findLineEnd(at, end);
      this.keep(at, <i32>(stop - at));
      if (stop == end) return;
      this.afterCr = load<u8>(stop) == CR;
      if (!this.afterCr) this.endLine(Break.Bare);
      at = stop + 1;
    }
  }

  /** The body has ended. @returns its model, `AMBIGUOUS`, or null if that is not known */
  finish(): Bytes | null {
    if (this.afterCr || this.length > 0) this.endLine(this.afterCr ? Break.Bare : Break.None);
    return this.place == Place.End && !this.isUnclear ? this.model : null;
  }

  private keep(ptr: usize, size: i32): void {
    const length = this.length;
    if (length < MAX_LINE) memory.copy(this.line + length, ptr, min(size, MAX_LINE - length));
    this.length = min(length + min(size, MAX_LINE + 1), MAX_LINE + 1);
  }

  private endLine(end: Break): void {
    let isRead = false;
    switch (this.place) {
      case Place.FirstLine:
        isRead = end == Break.CrLf && this.readBoundary();
        break;
      case Place.Headers:
        isRead = end == Break.CrLf && this.length <= MAX_LINE && this.readHeader();
        break;
      case Place.Content:
        isRead = this.isDelimiter ? this.endPart(end) : this.readContent(end);
        break;
      default:
        isRead = end == Break.CrLf && this.length == 0;
    }
    if (!isRead) this.isUnclear = true;
    this.length = 0;
  }

  /** Reads the first line, which a server ignores unless the content type has the same boundary. */
  private readBoundary(): bool {
    const line = this.line;
    const length = this.length;
    if (length <= 2 || length > MAX_DELIMITER || load<u8>(line, 1) != MINUS) return false;
    if (!isBoundary(line + 2, length - 2)) return false;
    const type = this.type;
    if (!isFormType(addressOf(type), type.byteLength, line + 2, length - 2)) return false;
    memory.copy(this.delimiter, line, length);
    this.delimiterLength = length;
    this.beginPart();
    return true;
  }

  private beginPart(): void {
    this.place = Place.Headers;
    this.hasDisposition = this.hasOther = this.isModel = false;
  }

  private readHeader(): bool {
    if (this.length == 0) {
      this.place = Place.Content;
      this.hasContent = false;
      // Other headers may tell that the content is encoded.
      return this.hasDisposition && !(this.isModel && this.hasOther);
    }
    const header = partHeader(this.line, this.line + this.length);
    if (header == PartHeader.Other) {
      this.hasOther = true;
      return true;
    }
    const isSecond = this.hasDisposition;
    this.hasDisposition = true;
    this.isModel = header == PartHeader.Model;
    return header != PartHeader.Unclear && !isSecond;
  }

  /** Whether the line begins with the boundary. */
  private get isDelimiter(): bool {
    const length = this.delimiterLength;
    return this.length >= length && areSame(this.line, this.delimiter, length);
  }

  /** Reads a boundary. The end of the line in front of it is not part of the content. */
  private endPart(end: Break): bool {
    const more = this.length - this.delimiterLength;
    const isLast = more == 2 && load<u16>(this.line + this.delimiterLength) == 0x2d2d;
    if (isLast) this.place = Place.End;
    else this.beginPart();
    const isWhole = end == Break.CrLf || (isLast && end == Break.None);
    return isWhole && (isLast || more == 0) && this.hasContent && this.before == Break.CrLf;
  }

  private readContent(end: Break): bool {
    if (this.isModel) {
      if (this.hasContent || this.length > MAX_LINE) return false;
      this.model = modelAfter(this.model, this.line, this.length);
      if (this.model === null) return false;
    }
    this.hasContent = true;
    this.before = end;
    return true;
  }
}
