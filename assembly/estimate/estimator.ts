import { ASCII, BASE64, BASIC_PLANE, RARE, START, TRANSITIONS } from "./estimator-costs";
import { PAIRS } from "./estimator-pairs";
import { isBase64 } from "../bytes/base64";
import { FILE_BYTES_PER_TOKEN, isEncodedFile, JUDGED_BYTES } from "./encoded-file";

/** A run of base64 characters counts as text up to this length; only what follows is judged. */
const TEXT_BYTES: usize = 448;
/** What cannot be read in pairs is read in stretches of so many bytes, before pairs are tried again. */
const STRETCH: usize = 48;

/**
 * Estimates how many tokens a text has, for calls whose response does not report usage.
 *
 * The text arrives as UTF-8 in pieces, which may be cut anywhere, even inside a character; the estimate does not depend on the
 * cuts. `boundary()` separates texts that are not adjacent in a prompt. Only a few facts about the last bytes are kept, nothing
 * is allocated, and no input traps; bytes that are not UTF-8 count like some character. The count cannot overflow: a byte costs
 * at most three tokens, so it would take 2^54 bytes.
 *
 * There is no vocabulary here. The text drives a small automaton whose transitions cost hundredths of a token;
 * `estimator-costs.ts` lists the costs and says why. `scripts/estimate-error.ts` measures the error for each language.
 *
 * **Files** arrive as base64 and are not billed by length: see `encoded-file.ts`. The first 576 bytes of a run of base64 count as
 * text (300 to 400 tokens), and so does every later piece that does not look like a file. A picture file of 200 KB comes to 600
 * tokens, and one of 1 MB to 1,700; providers charge about 250 to 1,600, depending on its size in pixels. A fixed price would
 * suit pictures, but would also buy recordings and documents of any length. Shorter runs (keys, hashes, signatures), base64
 * that is broken into lines, hexadecimal and long words are text.
 */
@final
export class TokenEstimator {
  private cost: i64 = 0;
  private mediaBytes: i64 = 0;
  /** The row of the state in `TRANSITIONS`. */
  private row: u32 = START;
  /** The byte read last, if it was ASCII. */
  private last: u32 = 0;

  /** The bits of a character of which `missing` bytes are still to come. */
  private character: u32 = 0;
  private missing: i32 = 0;

  /** The length of the current run of base64 characters, and whether they belong to a file. */
  private unbroken: i32 = 0;
  private isMedia: bool = false;
  /** Whether the next bytes are text even if they look like a file. */
  onlyText: bool = false;
  /** The piece of a long run that is judged next, and how much of it has arrived. */
  private piece: StaticArray<u8> = new StaticArray<u8>(JUDGED_BYTES);
  private collected: i32 = 0;

  /** The estimate for all text since the last `clear()`, rounded up. */
  get tokens(): i64 {
    return (this.cost + 99) / 100 + this.mediaBytes / FILE_BYTES_PER_TOKEN;
  }

  /** The same in hundredths of a token. */
  get hundredths(): i64 {
    return this.cost + (this.mediaBytes * 100) / FILE_BYTES_PER_TOKEN;
  }

  /** Forgets everything, for another request or response. */
  clear(): void {
    this.cost = 0;
    this.mediaBytes = 0;
    this.onlyText = false;
    this.boundary();
  }

  /** Ends a text: the next bytes belong to another one, such as the content of another message. */
  boundary(): void {
    this.row = START;
    this.last = 0;
    this.missing = 0;
    this.unbroken = 0;
    this.isMedia = false;
    this.collected = 0;
  }

  /** Reads the next `len` bytes of the text, at `ptr`. */
  feed(ptr: usize, len: i32): void {
    const end = ptr + max(len, 0);
    let at = ptr;
    while (at < end) {
      if (this.isMedia) at = this.skipMedia(at, end);
      else if (this.missing > 0) at = this.finishCharacter(at, end);
      else at = this.readText(at, end);
    }
  }

  /** Reads text: at least one byte, at most up to `end`, and up to where a file begins. */
  private readText(ptr: usize, end: usize): usize {
    const at = this.readPairs(ptr, end);
    return at == end || at - ptr > STRETCH ? at : this.readSingly(at, min(end, at + STRETCH));
  }

  /**
   * Reads pairs of ASCII characters, which takes half as long as one by one. It stops before other characters, and before a run
   * of base64 could be long enough to be judged.
   */
  private readPairs(ptr: usize, end: usize): usize {
    const before = <usize>this.unbroken;
    const stop = (this.onlyText ? end : min(end, ptr + (TEXT_BYTES - before))) - 1;
    let hundredths: i64 = 0;
    let row = this.row << 1;
    let last = this.last;
    let at = ptr;
    for (; at < stop; at += 2) {
      const pair = <u32>load<u16>(at);
      if ((pair & 0x8080) != 0) break;
      const first = pair & 0x7f;
      const second = pair >> 8;
      const entry = PAIRS + row + ((columnOf(first, last) << 3) + columnOf(second, first));
      row = load<u16>(entry);
      hundredths += load<u16>(entry, 2);
      last = second;
    }
    if (at == ptr) return at;
    this.cost += hundredths;
    this.row = row >> 1;
    this.last = last;
    let from = at;
    while (from > ptr && isBase64(load<u8>(from - 1))) --from;
    this.unbroken = <i32>min(from > ptr ? at - from : before + (at - ptr), TEXT_BYTES);
    return at;
  }

  /** Reads characters one by one, up to `end` or up to where a file begins. */
  private readSingly(ptr: usize, end: usize): usize {
    let hundredths: i64 = 0;
    let row = this.row;
    let last = this.last;
    // Where the run of base64 that continues at `ptr` began, as far as is remembered.
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
        if (at - unbrokenFrom > TEXT_BYTES && !this.onlyText && this.looksEncoded(<u8>byte)) {
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
    this.cost += hundredths;
    this.row = row;
    this.last = last;
    this.unbroken = <i32>min<usize>(at - unbrokenFrom, TEXT_BYTES);
    return at;
  }

  /** Reads the rest of a character that has been cut. */
  private finishCharacter(ptr: usize, end: usize): usize {
    let at = ptr;
    for (; this.missing > 0 && at < end; --this.missing) {
      this.character = (this.character << 6) | (load<u8>(at++) & 0x3f);
    }
    if (this.missing == 0) {
      const entry = TRANSITIONS + this.row + placeOf(this.character);
      this.row = load<u16>(entry);
      this.cost += load<u16>(entry, 2);
    }
    return at;
  }

  /** Reads the rest of a file, or up to the first piece that does not look like one and therefore is text. */
  private skipMedia(ptr: usize, end: usize): usize {
    let at = ptr;
    while (at < end && isBase64(load<u8>(at))) {
      ++this.mediaBytes;
      if (!this.collect(load<u8>(at++)) || isEncodedFile(this.pieceAt, JUDGED_BYTES)) continue;
      this.mediaBytes -= JUDGED_BYTES;
      this.boundary();
      this.feed(this.pieceAt, JUDGED_BYTES);
      // The next piece may belong to the file again.
      this.unbroken = <i32>TEXT_BYTES;
      return at;
    }
    if (at < end) this.boundary();
    return at;
  }

  /** Whether a long run of base64 belongs to a file, judged by the piece that ends with `byte`, if one does. */
  private looksEncoded(byte: u8): bool {
    return this.collect(byte) && isEncodedFile(this.pieceAt, JUDGED_BYTES);
  }

  /** Whether `byte` completes a piece. */
  private collect(byte: u8): bool {
    store<u8>(this.pieceAt + this.collected, byte);
    if (++this.collected < JUDGED_BYTES) return false;
    this.collected = 0;
    return true;
  }

  private get pieceAt(): usize {
    return changetype<usize>(this.piece);
  }
}

/** The place of an ASCII character in a row of `TRANSITIONS`. @param last the character before it */
// @ts-ignore: decorator
@inline
function columnOf(byte: u32, last: u32): u32 {
  return load<u8>(ASCII + byte + ((<u32>(byte == last)) << 7)) & ~BASE64;
}

/** The place of a character that is not ASCII in a row of `TRANSITIONS`. */
// @ts-ignore: decorator
@inline
function placeOf(character: u32): u32 {
  return character < 0x10000 ? load<u8>(BASIC_PLANE + (character >> 5)) : RARE;
}
