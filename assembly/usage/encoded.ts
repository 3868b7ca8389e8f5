import { isDigit, PLUS, SLASH, UPPER_A, UPPER_Z, LOWER_A, LOWER_Z, DIGIT_0 } from "../bytes/ascii";
import { Document, Progress } from "./document";

/** How many characters are decoded at a time. */
const PIECE: i32 = 256;

/**
 * A JSON text that stands in base64 (RFC 4648, section 4) in a string of another: decoded as it comes, cut anywhere.
 * Characters outside of the alphabet, padding among them, are passed over.
 *
 * Memory: about 200 bytes, beside the document.
 */
@final
@unmanaged
export class EncodedDocument {
  private bits: u32 = 0;
  private bitCount: i32 = 0;
  private decoded: usize = heap.alloc((PIECE / 4) * 3);
  private progress: Progress = Progress.Open;

  constructor(private document: Document) {}

  dispose(): void {
    this.document.dispose();
    heap.free(this.decoded);
    heap.free(changetype<usize>(this));
  }

  /** A new response begins. */
  beginResponse(): void {
    this.document.beginResponse();
  }

  begin(): void {
    this.bits = 0;
    this.bitCount = 0;
    this.progress = Progress.Open;
    this.document.begin();
  }

  /** Decodes the next characters; what is no JSON text is passed on as it is. */
  feed(ptr: usize, len: i32): void {
    const document = this.document;
    const decoded = this.decoded;
    for (let at = 0; at < len && this.progress != Progress.Complete; at += PIECE) {
      const size = this.decode(ptr + at, min(len - at, PIECE));
      const isOpen = this.progress == Progress.Open;
      if (isOpen) this.progress = document.feed(decoded, size);
      if (this.progress == Progress.Malformed) {
        document.pass(isOpen ? document.position : decoded, decoded + size);
      }
    }
  }

  /** Decodes at most `PIECE` characters, and returns the number of bytes. */
  private decode(ptr: usize, len: i32): i32 {
    const out = this.decoded;
    let bits = this.bits;
    let bitCount = this.bitCount;
    let size = 0;
    for (let i = 0; i < len; ++i) {
      const value = sextet(load<u8>(ptr + i));
      if (value < 0) continue;
      bits = (bits << 6) | value;
      bitCount += 6;
      // Up to 6 bits wait, so a piece of 256 characters makes at most 192 bytes.
      if (bitCount >= 8) {
        bitCount -= 8;
        store<u8>(out + size++, <u8>(bits >> bitCount));
      }
    }
    this.bits = bits;
    this.bitCount = bitCount;
    return size;
  }
}

function sextet(c: u8): i32 {
  if (c >= UPPER_A && c <= UPPER_Z) return c - UPPER_A;
  if (c >= LOWER_A && c <= LOWER_Z) return 26 + c - LOWER_A;
  if (isDigit(c)) return 52 + c - DIGIT_0;
  return c == PLUS ? 62 : c == SLASH ? 63 : -1;
}
