import { CR, LF, toLower } from "../bytes/ascii";
import { findLineEnd } from "../bytes/lines";
import { Origin, TextMeter } from "./text-meter";

/** A boundary has at most 70 characters (RFC 2046, section 5.1.1), and two dashes in front. */
const MAX_BOUNDARY: i32 = 72;
const FILENAME = memory.data<u8>([0x66, 0x69, 0x6c, 0x65, 0x6e, 0x61, 0x6d, 0x65]);
const FILENAME_LENGTH: i32 = 8;
const LOWER_F: u8 = 0x66;

const enum Place {
  /** In the first line, which is the boundary. */
  Boundary,
  Headers,
  Content,
}

/**
 * Finds the files in a multipart body (RFC 2046, section 5.1), which may be cut anywhere. A part is a file if its headers have a
 * `filename` (RFC 7578, section 4.2). All other parts are fields, and count as text.
 *
 * Memory: about 100 bytes.
 */
@final
@unmanaged
export class Parts {
  /** Whether the bytes that `next` reads next belong to a file. */
  private isFile: bool = false;
  private place: Place = Place.Boundary;
  private boundary: usize = heap.alloc(MAX_BOUNDARY);
  private boundaryLength: i32 = 0;
  /** How many bytes of the line have been read, and how many of them match the boundary; -1 once they differ. */
  private lineLength: i32 = 0;
  private alike: i32 = 0;
  private afterCr: bool = false;
  /** How much of `FILENAME` has just been matched, and whether these headers have all of it. */
  private met: i32 = 0;
  private hasFilename: bool = false;

  dispose(): void {
    heap.free(this.boundary);
    heap.free(changetype<usize>(this));
  }

  /** A body begins. */
  begin(): void {
    this.isFile = false;
    this.place = Place.Boundary;
    this.boundaryLength = 0;
    this.afterCr = false;
    this.hasFilename = false;
    this.beginLine();
  }

  /** Passes the bytes from `from` to `end` to a meter, with their origin. */
  feed(from: usize, end: usize, text: TextMeter): void {
    let at = from;
    while (at < end) {
      text.origin = this.isFile ? Origin.Plain | Origin.Parts : Origin.Plain;
      const stop = this.next(at, end);
      text.feed(at, <i32>(stop - at));
      at = stop;
    }
  }

  /** Reads the bytes from `at` to `end`. @returns the address up to which the previous `isFile` holds */
  private next(at: usize, end: usize): usize {
    while (at < end) {
      if (this.afterCr) {
        this.afterCr = false;
        if (load<u8>(at) == LF) {
          ++at;
          continue;
        }
      }
      const wasFile = this.isFile;
      const stop = findLineEnd(at, end);
      this.take(at, stop);
      if (stop == end) return end;
      this.afterCr = load<u8>(stop) == CR;
      this.endLine();
      at = stop + 1;
      // What ends the headers, or the content, is not part of a file.
      if (this.isFile != wasFile) return at;
    }
    return end;
  }

  private beginLine(): void {
    this.lineLength = 0;
    this.alike = 0;
    this.met = 0;
  }

  /** Reads bytes of a line. */
  private take(from: usize, to: usize): void {
    const start = this.lineLength;
    this.lineLength = <i32>min<i64>(<i64>start + <i64>(to - from), i32.MAX_VALUE);
    if (this.place == Place.Boundary) {
      const size = min(<i32>(to - from), MAX_BOUNDARY - this.boundaryLength);
      memory.copy(this.boundary + this.boundaryLength, from, size);
      this.boundaryLength += size;
    } else if (this.place == Place.Content) {
      for (let at = from; at < to && this.alike >= 0 && this.alike < this.boundaryLength; ++at) {
        this.alike = load<u8>(at) == load<u8>(this.boundary + this.alike) ? this.alike + 1 : -1;
      }
    } else {
      for (let at = from; at < to && !this.hasFilename; ++at) {
        const c = toLower(load<u8>(at));
        if (c == load<u8>(FILENAME + this.met)) this.hasFilename = ++this.met == FILENAME_LENGTH;
        else this.met = c == LOWER_F ? 1 : 0;
      }
    }
  }

  private endLine(): void {
    if (this.place == Place.Boundary || (this.place == Place.Content && this.alike == this.boundaryLength)) {
      this.place = Place.Headers;
      this.hasFilename = false;
      this.isFile = false;
    } else if (this.place == Place.Headers && this.lineLength == 0) {
      this.place = Place.Content;
      this.isFile = this.hasFilename;
    }
    this.beginLine();
  }
}
