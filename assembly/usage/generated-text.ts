import { FILE_START } from "../estimate/encoded-file";
import { Origin, TextMeter } from "../estimate/text-meter";
import { Share } from "./formats";
import { Tally } from "./tally";

/**
 * Passes the text that a model generated to a meter. A response may hold the same text more than once: in pieces and again
 * as a whole, or under several names. Each text is measured once; `Share` says how a text relates to the others.
 *
 * Memory: 64 bytes, unmanaged; `dispose` frees them.
 */
@final
@unmanaged
export class GeneratedText {
  /** Bytes measured in the whole response, and whether any of them arrived in pieces. */
  private bytes: i64 = 0;
  private hasPieces: bool = false;
  /** Bytes in the current JSON text that may repeat earlier ones. */
  private wholeBytes: i64 = 0;
  /** Reasoning in the current object: the number of its names, the bytes measured, and the bytes under the current name. */
  private thoughtNames: i32 = 0;
  private thoughtBytes: i64 = 0;
  private sameThoughtBytes: i64 = 0;

  constructor(
    private readonly tally: Tally,
    private readonly meter: TextMeter,
  ) {}

  dispose(): void {
    heap.free(changetype<usize>(this));
  }

  /** Starts a new response. */
  beginResponse(): void {
    this.bytes = 0;
    this.hasPieces = false;
  }

  /** Starts a new JSON text. */
  // @ts-ignore: decorator
  @inline
  begin(): void {
    this.wholeBytes = 0;
    this.thoughtNames = 0;
  }

  /** An object begins that is not part of reasoning: further names of reasoning are in another object. */
  leaveThoughts(): void {
    this.thoughtNames = 0;
  }

  /** A name of reasoning has been read. @returns whether the object has another one, which may repeat the same text */
  beginThought(): bool {
    this.sameThoughtBytes = 0;
    const isFirst = this.thoughtNames++ == 0;
    if (isFirst) this.thoughtBytes = 0;
    return !isFirst;
  }

  /**
   * Takes `size` bytes of text at `ptr`, and measures those that have not been measured before.
   * @returns whether some had been, so that no template can represent the text
   */
  take(share: Share, ptr: usize, size: i32): bool {
    if (share == Share.Piece) {
      this.hasPieces = true;
      this.piece(ptr, size);
      return false;
    }
    const before = <i32>min(max(this.repeated(share, size), 0), size);
    if (share == Share.Thought) this.thoughtBytes += size - before;
    if (before < size) this.piece(ptr + before, size - before);
    return before > 0;
  }

  /** Measures `size` bytes at `ptr` that a template has found: a piece, or the only reasoning of its object. */
  takeFitting(ptr: usize, size: i32): void {
    if (size == 0) return;
    this.hasPieces = true;
    this.piece(ptr, size);
  }

  /** Measures `size` bytes at `ptr`, which are new. */
  private piece(ptr: usize, size: i32): void {
    this.bytes += size;
    this.tally.generated(size);
    // A file arrives in long strings. Short strings are text from a stream, whatever they look like.
    this.meter.origin = size < FILE_START ? Origin.Text : Origin.String;
    this.meter.feed(ptr, size);
  }

  /** How many of the next `size` bytes repeat earlier ones; may be negative, or more than `size`. */
  private repeated(share: Share, size: i32): i64 {
    if (share == Share.Thought) {
      this.hasPieces = true;
      this.sameThoughtBytes += size;
      return size - (this.sameThoughtBytes - this.thoughtBytes);
    }
    if (share != Share.Whole && !this.hasPieces) return 0;
    this.wholeBytes += size;
    return size - (this.wholeBytes - this.bytes);
  }
}
