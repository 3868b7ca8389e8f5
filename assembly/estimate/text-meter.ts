import { copy } from "../bytes/bytes";
import { beginDecoding, DECODED, decodeString, SLACK } from "./decoded-piece";
import {
  FILE_BYTES_PER_TOKEN,
  isAllBase64,
  isBinary,
  isEncodedFile,
  isMonotonous,
  JUDGED_BYTES,
  LEAST_JUDGED,
  mayBeFile,
} from "./encoded-file";
import { TokenEstimator } from "./estimator";
import { placesForText, scattered } from "./places";

/** What is known about where bytes come from: a set of flags. */
export const enum Origin {
  /** A JSON string, still with its escapes. */
  String = 0,
  /** Not JSON. */
  Plain = 1,
  /** A string that claims to be a file... */
  File = 2,
  /** ...where models do not read text. */
  Unread = 4,
  /** A multipart body, in which a part may be a file that is not encoded. */
  Parts = 8,
  /** A string that models read as text, whatever it looks like. */
  Text = 16,
}

/** The size of the pieces that are kept of a text, in bytes. */
const PIECE: i32 = JUDGED_BYTES;
/** The most pieces that are kept. */
const MAX_PIECES: i32 = 32;
/** The number of pieces that there is room for at first. */
const FIRST_PIECES: i32 = 4;
/** The first bytes of a piece only give context to the rest, unless the piece before it was kept too. */
const LEAD: i32 = 8;
/** The longest text that is measured, in bytes. */
const MAX_BYTES: i64 = 1 << 40;

// Shared by all meters: an estimate is made in one go.
const estimator = new TokenEstimator();

/**
 * Estimates how many tokens a text of any length has. Estimating costs much more than scanning, and nearly all responses
 * report their usage. So while a text passes, only its length is counted and a sample is kept; the estimate is made on demand.
 *
 * A text of up to 4 KB is kept whole. A longer one is divided into 16 to 32 equal stretches, and a piece of 128 bytes is kept
 * of each, from a random place in it, so that no arrangement of cheap and expensive text lowers the estimate by itself. When
 * there are too many stretches, neighbours are joined in pairs, and one of their two pieces is kept.
 *
 * Memory: 50 bytes, and up to 4.2 KB as the text grows, unmanaged; `dispose` frees it.
 */
@final
@unmanaged
export class TextMeter {
  /** Where the bytes fed next come from: a set of `Origin`. */
  origin: i32 = Origin.String;
  /** The pieces, one after the other, followed by one byte for the origin of each. */
  private pieces: usize = 0;
  private room: i32 = 0;
  /** How many pieces are complete. */
  private count: i32 = 0;
  /** A stretch is 2^shift pieces. */
  private shift: i32 = 0;
  private bytes: i64 = 0;
  /** Where in the text the next piece begins, and how much of it has arrived. */
  private from: i64 = 0;
  private filled: i32 = 0;
  private places: u64 = 0;

  dispose(): void {
    if (this.pieces != 0) heap.free(this.pieces);
    heap.free(changetype<usize>(this));
  }

  begin(): void {
    this.origin = Origin.String;
    this.count = 0;
    this.shift = 0;
    this.bytes = 0;
    this.places = placesForText();
    this.nextPiece();
  }

  /** Measures the next `len` bytes of the text, at `ptr`. They may be cut anywhere. */
  feed(ptr: usize, len: i32): void {
    const begin = this.bytes;
    const end = begin + max(len, 0);
    this.bytes = end;
    if (this.shift == 0) this.keepAll(ptr, <i32>min<i64>(end - begin, MAX_PIECES * PIECE - 1 - begin));
    while (this.from + this.filled < end) {
      const at = this.from + this.filled;
      const size = min(PIECE - this.filled, <i32>(end - at));
      if (this.filled == 0) this.beginPiece();
      memory.copy(this.pieceAt(this.count) + this.filled, ptr + <usize>(at - begin), size);
      this.filled += size;
      if (this.filled == PIECE) this.endPiece();
    }
  }

  /** Whether there was any text. */
  get any(): bool {
    return this.bytes > 0;
  }

  /** The estimate for the whole text, in tokens. */
  get tokens(): i64 {
    const hasRest = this.filled > 0;
    const count = this.count + (hasRest ? 1 : 0);
    if (count == 0) return 0;
    const allUnread = this.isMostlyUnread();
    const isWhole = this.shift == 0;
    let hundredths: i64 = 0;
    let isFile = false;
    estimator.clear();
    beginDecoding();
    for (let i = 0; i < count; ++i) {
      const size = i < this.count ? PIECE : this.filled;
      if (!isWhole) {
        estimator.boundary();
        beginDecoding();
      }
      const before = estimator.hundredths;
      const length = this.decode(i, size);
      // A piece that is too short to be judged counts like the one before it.
      if (length >= LEAST_JUDGED) isFile = this.isFile(this.originAt(i), length, allUnread);
      else if (!isAllBase64(DECODED, length)) isFile = false;
      if (isFile) {
        hundredths += (<i64>size * 100) / FILE_BYTES_PER_TOKEN;
        estimator.boundary();
        continue;
      }
      const onlyText = (this.originAt(i) & Origin.Text) != 0;
      if (onlyText && !estimator.onlyText) estimator.boundary();
      estimator.onlyText = onlyText;
      const lead = isWhole ? 0 : min(LEAD, length >> 1);
      if (lead > 0) estimator.feed(DECODED, lead);
      const ofLead = estimator.hundredths - before;
      estimator.feed(DECODED + lead, length - lead);
      const cost = estimator.hundredths - before - ofLead;
      hundredths += lead > 0 ? (cost * length) / (length - lead) : cost;
    }
    if (!isWhole) {
      const kept = <i64>(this.count * PIECE + this.filled);
      hundredths = (hundredths * min(this.bytes, MAX_BYTES)) / kept;
    }
    return (hundredths + 99) / 100;
  }

  /**
   * Whether the pieces that claim to be files, where models read no text, mostly look like files. If so, the others count as
   * parts of files too, such as the description inside a picture.
   */
  private isMostlyUnread(): bool {
    let files = 0;
    let others = 0;
    for (let i = 0; i < this.count; ++i) {
      const origin = this.originAt(i);
      if ((origin & Origin.Unread) == 0) continue;
      beginDecoding();
      if (this.isFile(origin, this.decode(i, PIECE), false)) ++files;
      else ++others;
    }
    return others * 7 <= files;
  }

  /**
   * Whether the piece in `DECODED` belongs to a file.
   * @param allUnread whether all pieces count as files that may belong to one that no model reads
   */
  private isFile(origin: i32, length: i32, allUnread: bool): bool {
    if (origin & Origin.Parts) return isBinary(DECODED, length);
    if (origin & Origin.Text) return false;
    // In text that is kept whole, the estimator finds the files.
    if ((origin & Origin.File) == 0) return this.shift > 0 && isEncodedFile(DECODED, length);
    if (isEncodedFile(DECODED, length)) return true;
    if ((origin & Origin.Unread) == 0) return isMonotonous(DECODED, length, true);
    if (isMonotonous(DECODED, length, false) || mayBeFile(DECODED, length)) return true;
    return allUnread && isAllBase64(DECODED, length);
  }

  /** Writes a piece to `DECODED`, without escapes if it has any. @returns its length there */
  private decode(index: i32, size: i32): i32 {
    const piece = this.pieceAt(index);
    if (this.originAt(index) & Origin.Plain) {
      memory.copy(DECODED, piece, size);
      return size;
    }
    return decodeString(piece, size);
  }

  private pieceAt(index: i32): usize {
    return this.pieces + <usize>(index * PIECE);
  }

  // @ts-ignore: decorator
  @inline
  private originAt(index: i32): i32 {
    return load<u8>(this.pieces + <usize>(this.room * PIECE + index));
  }

  /** Keeps the next `len` bytes of a text that has been kept whole so far, which leaves the last piece incomplete. */
  private keepAll(ptr: usize, len: i32): void {
    if (len <= 0) return;
    const from = this.count * PIECE + this.filled;
    const to = from + len;
    while (this.room * PIECE < to) this.grow();
    copy(this.pieces + from, ptr, len);
    const origins = this.pieces + <usize>(this.room * PIECE);
    for (let i = (from + PIECE - 1) / PIECE; i * PIECE < to; ++i) store<u8>(origins + i, <u8>this.origin);
    this.count = to / PIECE;
    this.filled = to % PIECE;
    this.from = this.count * PIECE;
  }

  private beginPiece(): void {
    if (this.count == this.room) this.grow();
    store<u8>(this.pieces + <usize>(this.room * PIECE + this.count), <u8>this.origin);
  }

  private grow(): void {
    const room = this.room == 0 ? FIRST_PIECES : this.room * 2;
    const pieces = heap.alloc(<usize>(room * (PIECE + 1) + SLACK));
    if (this.room > 0) {
      memory.copy(pieces, this.pieces, this.room * PIECE);
      memory.copy(pieces + <usize>(room * PIECE), this.pieces + <usize>(this.room * PIECE), this.room);
      heap.free(this.pieces);
    }
    this.pieces = pieces;
    this.room = room;
  }

  private endPiece(): void {
    if (++this.count == MAX_PIECES) {
      const origins = this.pieces + <usize>(this.room * PIECE);
      for (let i = 0; i < MAX_PIECES / 2; ++i) {
        const kept = 2 * i + <i32>(this.random(i) & 1);
        memory.copy(this.pieceAt(i), this.pieceAt(kept), PIECE);
        store<u8>(origins + i, load<u8>(origins + kept));
      }
      this.count = MAX_PIECES / 2;
      ++this.shift;
    }
    this.nextPiece();
  }

  /** Chooses the place of the piece in the next stretch. */
  // @ts-ignore: decorator
  @inline
  private nextPiece(): void {
    const inStretch = (<i64>this.random(this.count)) & (((<i64>1) << this.shift) - 1);
    this.from = (((<i64>this.count) << this.shift) + inStretch) * PIECE;
    this.filled = 0;
  }

  /** An arbitrary number for the stretch at `index`, the same each time. */
  // @ts-ignore: decorator
  @inline
  private random(index: i32): u64 {
    return scattered(this.places + <u64>(this.shift << 8) + <u64>index) >> 1;
  }
}
