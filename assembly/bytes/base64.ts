import {
  DIGIT_0,
  EQUALS,
  isDigit,
  isLetter,
  LOWER_A,
  MINUS,
  PLUS,
  SLASH,
  UNDERSCORE,
  UPPER_A,
} from "./ascii";

/* Base64 and base64url: RFC 4648, sections 4 and 5. */

const NONE: u8 = 0xff;
/** For each ASCII character, the six bits that it represents; 0 for padding, NONE for all others. */
const BITS: usize = memory.data(128);

function fillBits(): void {
  for (let c: i32 = 0; c < 128; ++c) {
    let bits = NONE;
    if (isLetter(<u8>c)) bits = <u8>(c >= <i32>LOWER_A ? c - <i32>LOWER_A + 26 : c - <i32>UPPER_A);
    else if (isDigit(<u8>c)) bits = <u8>(c - <i32>DIGIT_0 + 52);
    else if (c == PLUS || c == MINUS) bits = 62;
    else if (c == SLASH || c == UNDERSCORE) bits = 63;
    else if (c == EQUALS) bits = 0;
    store<u8>(BITS + c, bits);
  }
}
fillBits();

/** Whether `c` is padding or in one of the two alphabets. */
// @ts-ignore: decorator
@inline
export function isBase64(c: u8): bool {
  return c < 0x80 && load<u8>(BITS + c) != NONE;
}

/** The six bits that `c` represents; `isBase64(c)` must be true. */
// @ts-ignore: decorator
@inline
export function base64Bits(c: u8): u32 {
  return load<u8>(BITS + c);
}

/** The most characters that a decoder takes at a time. */
export const DECODED_PIECE: i32 = 256;

/**
 * Decodes base64 as it arrives; it may be cut anywhere. Padding and other characters outside the alphabets are skipped.
 *
 * Memory: 192 bytes, unmanaged; `dispose` frees them.
 */
@final
@unmanaged
export class Base64Decoder {
  private bits: u32 = 0;
  private bitCount: i32 = 0;
  /** The address of the decoded bytes. */
  readonly ptr: usize = heap.alloc((DECODED_PIECE / 4) * 3);

  dispose(): void {
    heap.free(this.ptr);
    heap.free(changetype<usize>(this));
  }

  /** Starts a new text. */
  begin(): void {
    this.bits = 0;
    this.bitCount = 0;
  }

  /** Decodes at most `DECODED_PIECE` characters at `from` to `ptr`. @returns the number of decoded bytes */
  decode(from: usize, len: i32): i32 {
    const out = this.ptr;
    let bits = this.bits;
    let bitCount = this.bitCount;
    let size = 0;
    for (let i = 0; i < len; ++i) {
      const c = load<u8>(from + i);
      if (!isBase64(c) || c == EQUALS) continue;
      bits = (bits << 6) | base64Bits(c);
      bitCount += 6;
      // At most 6 bits are left over, so a piece of 256 characters decodes to at most 192 bytes.
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
