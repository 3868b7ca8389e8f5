import {
  ASCII,
  BASE64,
  BASIC_PLANE,
  CAPITAL,
  DIGIT,
  RARE,
  SMALL,
  START,
  TRANSITIONS,
} from "./estimator-costs";

/** How many bytes of the base64 alphabet without another byte are text, whatever they look like. */
const TEXT_BYTES: usize = 512;
/** After that, so many bytes are looked at together... */
const SAMPLE_BYTES: i32 = 64;
/** ...and are encoded data if so many are capitals, small letters and digits, each. 26, 26 and 10 are to be expected. */
const SAMPLE_LEAST: i32 = 3;
/** How many bytes of encoded media make one token. */
const MEDIA_BYTES_PER_TOKEN: i64 = 1024;

/**
 * Estimates how many tokens a text is, for calls whose response reports no usage.
 *
 * The text comes as UTF-8 in pieces, cut anywhere, also inside a character; the estimate is the same for every way of
 * cutting. Texts that do not follow each other in a prompt are separated by `boundary()`. Nothing is kept of the text
 * but what is known of the last few bytes, nothing is allocated, and no input traps; bytes that are not UTF-8 count as
 * some character. The count cannot overflow: a byte costs at most three tokens, so that would take 2^54 bytes.
 *
 * No vocabulary is known here. The text drives a small automaton whose transitions cost hundredths of a token; which and
 * why is said in `estimator-costs.ts`. `scripts/estimate-error.ts` measures the error per language.
 *
 * **Images, audio and files in a request** come as base64 strings and are not billed by their length. A run of more than
 * 512 bytes of the base64 alphabet, in which capitals, small letters and digits are mixed as in encoded binary data, counts
 * as text up to there (300 to 400 tokens) and one token per 1024 bytes after that. A picture file of 200 KB makes 600
 * tokens and one of 1 MB 1,700, where providers charge about 250 to 1,600 by its size in pixels. A fixed price would do for
 * pictures, but would also buy recordings and documents of any length. Shorter runs (keys, hashes, signatures), base64
 * broken into lines, hexadecimal and long words are text.
 */
@final
export class TokenEstimator {
  private hundredths: i64 = 0;
  private mediaBytes: i64 = 0;
  /** The row of the state in `TRANSITIONS`. */
  private row: u32 = START;
  /** The byte read last, if it was ASCII. */
  private last: u32 = 0;

  /** The bits of a character of which `missing` bytes are still to come. */
  private character: u32 = 0;
  private missing: i32 = 0;

  /** How many bytes of the base64 alphabet were read since the last other byte, and whether they are media. */
  private unbroken: i32 = 0;
  private isMedia: bool = false;
  private sampled: i32 = 0;
  private smalls: i32 = 0;
  private capitals: i32 = 0;
  private digits: i32 = 0;

  /** The estimate for all text since the last `clear()`, rounded up. */
  get tokens(): i64 {
    return (this.hundredths + 99) / 100 + this.mediaBytes / MEDIA_BYTES_PER_TOKEN;
  }

  /** Forgets everything, for another request or response. */
  clear(): void {
    this.hundredths = 0;
    this.mediaBytes = 0;
    this.boundary();
  }

  /** Ends a text: what is fed next is another one, such as the content of another message. */
  boundary(): void {
    this.row = START;
    this.last = 0;
    this.missing = 0;
    this.unbroken = 0;
    this.isMedia = false;
    this.sampled = this.smalls = this.capitals = this.digits = 0;
  }

  /** Takes the next `len` bytes of text, at `ptr`. */
  feed(ptr: usize, len: i32): void {
    const end = ptr + max(len, 0);
    let at = ptr;
    while (at < end) {
      if (this.isMedia) at = this.skipMedia(at, end);
      else if (this.missing > 0) at = this.finishCharacter(at, end);
      else at = this.readText(at, end);
    }
  }

  /** Reads text up to `end`, or to where media begins, or to the end of a piece that ends inside a character. */
  private readText(ptr: usize, end: usize): usize {
    let hundredths: i64 = 0;
    let row = this.row;
    let last = this.last;
    // Where the run of base64 bytes began that goes on at `ptr`, as far as is remembered.
    let unbrokenFrom = ptr - this.unbroken;
    let at = ptr;
    while (at < end) {
      const byte = <u32>load<u8>(at++);
      let place: u32;
      if (byte < 0x80) {
        place = load<u8>(ASCII + byte + ((<u32>(byte == last)) << 7));
        last = byte;
        unbrokenFrom = select<usize>(unbrokenFrom, at, (place & BASE64) != 0);
        place &= ~BASE64;
        if (at - unbrokenFrom > TEXT_BYTES && this.looksEncoded(place)) {
          this.isMedia = true;
          --at;
          break;
        }
      } else {
        last = 0;
        let missing = byte < 0xc0 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
        let character = byte & (0x3f >> missing);
        for (; missing > 0 && at < end; --missing) character = (character << 6) | (load<u8>(at++) & 0x3f);
        unbrokenFrom = at;
        if (missing > 0) {
          this.character = character;
          this.missing = missing;
          break;
        }
        place = byte < 0xc0 ? RARE : placeOf(character);
      }
      const entry = TRANSITIONS + row + place;
      row = load<u16>(entry);
      hundredths += load<u16>(entry, 2);
    }
    this.hundredths += hundredths;
    this.row = row;
    this.last = last;
    this.unbroken = <i32>min<usize>(at - unbrokenFrom, TEXT_BYTES);
    return at;
  }

  /** Reads the rest of a character that was cut. */
  private finishCharacter(ptr: usize, end: usize): usize {
    let at = ptr;
    for (; this.missing > 0 && at < end; --this.missing) {
      this.character = (this.character << 6) | (load<u8>(at++) & 0x3f);
    }
    if (this.missing == 0) {
      const entry = TRANSITIONS + this.row + placeOf(this.character);
      this.row = load<u16>(entry);
      this.hundredths += load<u16>(entry, 2);
    }
    return at;
  }

  /** Reads the rest of a run of media. */
  private skipMedia(ptr: usize, end: usize): usize {
    let at = ptr;
    while (at < end && isBase64(load<u8>(at))) ++at;
    this.mediaBytes += at - ptr;
    if (at < end) this.boundary();
    return at;
  }

  /** Whether a long run of base64 bytes is encoded binary data, by the sample that ends with this byte, if one does. */
  private looksEncoded(place: u32): bool {
    if (place == SMALL) ++this.smalls;
    else if (place == CAPITAL) ++this.capitals;
    else if (place == DIGIT) ++this.digits;
    if (++this.sampled < SAMPLE_BYTES) return false;
    const least = min(this.smalls, min(this.capitals, this.digits));
    this.sampled = this.smalls = this.capitals = this.digits = 0;
    return least >= SAMPLE_LEAST;
  }
}

/** The place of a character that is not ASCII in a row of `TRANSITIONS`. */
// @ts-ignore: decorator
@inline
function placeOf(character: u32): u32 {
  return character < 0x10000 ? load<u8>(BASIC_PLANE + (character >> 5)) : RARE;
}

// @ts-ignore: decorator
@inline
function isBase64(byte: u8): bool {
  return byte < 0x80 && (load<u8>(ASCII + byte) & BASE64) != 0;
}
