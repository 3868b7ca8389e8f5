import { BACKSLASH } from "../bytes/ascii";
import { findStringEnd } from "../json/scan";
import { Escape, JsonText } from "../json/text";
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

/** What is known of the place that bytes come from, as a set. */
export const enum Origin {
  /** A string in JSON, as it is written there. */
  String = 0,
  /** No JSON. */
  Plain = 1,
  /** A string that is said to be a file. */
  File = 2,
  /** ...at a place from which models read no text. */
  Unread = 4,
  /** A body in several parts, one of which may be a file as it is. */
  Parts = 8,
  /** A string that models read, and pay for as text, whatever it looks like. */
  Text = 16,
}

/** Texts are looked at in pieces of so many bytes... */
const PIECE: i32 = JUDGED_BYTES;
/** ...and at most so many pieces. */
const MAX_PIECES: i32 = 32;
/** There is room for so many at first. */
const FIRST_PIECES: i32 = 4;
/** The first bytes of a piece only tell what comes before the others, unless the piece before it was kept. */
const LEAD: i32 = 8;
/** No text is longer. */
const MAX_BYTES: i64 = 1 << 40;

// One of each for all: an estimate is made at once.
const estimator = new TokenEstimator();
const escapes = new JsonText(16);
/** Whether the piece that was decoded last ends within an escape. */
let inEscape: bool = false;
/** What a piece is without escapes. */
const DECODED = memory.data(PIECE + 8);

/**
 * How many tokens a text of any length is. Estimating costs much more than scanning, and nearly all responses report
 * their usage; so the text is only measured while it passes, a little of it is kept, and the estimate is made when it is
 * asked for.
 *
 * Up to 4 KB, all of the text is kept. Of a longer one, 16 to 32 pieces of 128 bytes from all over it: the text is
 * divided into as many equal stretches, and a piece is taken from each, at a random place, so that no order of cheap and
 * dear text lowers the estimate by itself. When there are too many, stretches are joined by twos, and of their two
 * pieces one is kept.
 *
 * Memory: 50 bytes, and up to 4.2 KB as the text grows, unmanaged; `dispose` frees it.
 */
@final
@unmanaged
export class TextMeter {
  /** What the bytes fed next are: a set of `Origin`. */
  origin: i32 = Origin.String;
  /** The pieces one after the other, and behind them a byte for each: its origin. */
  private pieces: usize = 0;
  private room: i32 = 0;
  /** How many pieces are complete. */
  private count: i32 = 0;
  /** A stretch is 2^shift pieces. */
  private shift: i32 = 0;
  private bytes: i64 = 0;
  /** Where in the text the next piece begins, and how much of it has come. */
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

  /** Takes the next `len` bytes of text at `ptr`, cut anywhere. */
  feed(ptr: usize, len: i32): void {
    const begin = this.bytes;
    const end = begin + max(len, 0);
    this.bytes = end;
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

  /** The estimate for all of it. */
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
      // A piece that is too short to be judged is like the one before it.
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
      estimator.feed(DECODED, lead);
      const ofLead = estimator.hundredths - before;
      estimator.feed(DECODED + lead, length - lead);
      const cost = estimator.hundredths - before - ofLead;
      hundredths += length > lead ? (cost * length) / (length - lead) : 0;
    }
    if (!isWhole) {
      const kept = <i64>(this.count * PIECE + this.filled);
      hundredths = (hundredths * min(this.bytes, MAX_BYTES)) / kept;
    }
    return (hundredths + 99) / 100;
  }

  /**
   * Whether what should be files that no model reads mostly looks like that. Then the rest is taken for what files hold
   * besides, such as the description of a picture.
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
   * Whether the piece in `DECODED` is of a file.
   * @param allUnread whether all are that may be files that no model reads
   */
  private isFile(origin: i32, length: i32, allUnread: bool): bool {
    if (origin & Origin.Parts) return isBinary(DECODED, length);
    if (origin & Origin.Text) return false;
    // The estimator finds files in text that is not taken apart.
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
    const end = piece + size;
    let length = 0;
    let at = piece;
    while (at < end) {
      if (inEscape) {
        inEscape = escapes.escape(load<u8>(at++)) == Escape.More;
        if (!inEscape) length = append(length);
        continue;
      }
      const stop = findStringEnd(at, end);
      if (stop > at) {
        escapes.endSurrogate();
        length = append(length);
        memory.copy(DECODED + length, at, stop - at);
        length += <i32>(stop - at);
      }
      at = stop;
      if (stop == end) break;
      if (load<u8>(stop) == BACKSLASH) inEscape = true;
      else store<u8>(DECODED + length++, load<u8>(stop));
      ++at;
    }
    return length;
  }

  private pieceAt(index: i32): usize {
    return this.pieces + <usize>(index * PIECE);
  }

  private originAt(index: i32): i32 {
    return load<u8>(this.pieces + <usize>(this.room * PIECE + index));
  }

  private beginPiece(): void {
    if (this.count == this.room) this.grow();
    store<u8>(this.pieces + <usize>(this.room * PIECE + this.count), <u8>this.origin);
  }

  private grow(): void {
    const room = this.room == 0 ? FIRST_PIECES : this.room * 2;
    const pieces = heap.alloc(<usize>(room * (PIECE + 1)));
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

  /** Finds the place for a piece in the next stretch. */
  private nextPiece(): void {
    const inStretch = (<i64>this.random(this.count)) & (((<i64>1) << this.shift) - 1);
    this.from = (((<i64>this.count) << this.shift) + inStretch) * PIECE;
    this.filled = 0;
  }

  /** Any number for the stretch at `index`, the same one each time. */
  private random(index: i32): u64 {
    return scattered(this.places + <u64>(this.shift << 8) + <u64>index) >> 1;
  }
}

/** What is decoded next does not follow what was decoded last. */
function beginDecoding(): void {
  inEscape = false;
  escapes.begin(0);
}

/** Adds what an escape stood for to the `length` bytes in `DECODED`. @returns how many there are then */
function append(length: i32): i32 {
  if (escapes.empty) return length;
  escapes.passOn();
  memory.copy(DECODED + length, escapes.ptr, escapes.length);
  return length + escapes.length;
}
