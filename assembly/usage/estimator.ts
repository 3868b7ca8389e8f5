import { CR, DEL, EQUALS, isDigit, LF, MINUS, PLUS, SLASH, SPACE, TAB, UNDERSCORE } from "../bytes/ascii";
import { costOfFirst, costOfNext, isAccented, Script, scriptOf } from "./estimator-scripts";

/**
 * What ASCII text costs, in hundredths of a token. A tokenizer of the tiktoken family first cuts text into pieces (a word with
 * the space or the one character before it, up to three digits, a run of punctuation with the line ends after it, white
 * space) and then looks the pieces up; a piece it does not know becomes several tokens. The cuts are known exactly, so most
 * of the values below are near 100 (one piece, one token) or near 0 (goes with the piece before it). The others say how
 * often a piece is split, fitted by least squares of the relative error against o200k_base (see scripts/estimate-error.ts).
 */
const enum Cost {
  /** A word at the start of a text or after white space: the one space before it is part of it. */
  Word = 92,
  /** A word after a single punctuation character, as in `(x` or `.name`, which half of the time are one token. */
  WordGlued = 45,
  /** A word after digits, several punctuation characters, or another script. */
  WordAfter = 105,
  /** A capital after a small letter, as in `camelCase`: a word of its own, and often an abbreviated one. */
  Hump = 135,
  /** A capital after a capital: `SELECT` is one token, `ENOSPC` three. */
  Capital = 14,
  /** Each letter from the eighth of a word on: long words are rarer, so they are split more often. */
  FarLetter = 36,
  /** A letter with a diacritic, by which words of most languages other than English fall apart. */
  Accent = 70,
  /** Digits are cut into groups of three. */
  DigitGroup = 100,
  /** A space before a digit is a token of its own. */
  SpaceBeforeDigit = 100,
  /** The second of several spaces or tabs: all but the last of them, which goes with the next word, are one token. */
  Indent = 90,
  /** The first line end after anything but punctuation, which would take it along. */
  Line = 120,
  /** The first line end after punctuation. */
  LineGlued = 10,
  /** Another line end directly after a line end: `\n\n` is one token, but it is no longer glued to what is before it. */
  EmptyLine = 50,
  /** A run of ASCII punctuation. */
  Punctuation = 90,
  /** Its second and third character: pairs such as `);` or `":` are known. */
  PunctuationNext = 15,
  /** Its further characters. */
  PunctuationFar = 50,
  /** A repeated character of white space or punctuation: rulers and indents of 64 and more characters are one token. */
  Repeated = 2,
}

/** How many letters of a word are in the price of the word. */
const WORD_LETTERS: i32 = 7;

/** How many bytes without a break are text, whatever they look like; beyond them they may be encoded media. */
const TEXT_BYTES: i32 = 512;
/** How many bytes of encoded media make one token. */
const MEDIA_BYTES_PER_TOKEN: i64 = 1024;
/** Random base64 has a capital after a small letter every 6 bytes, and digits begin every 8; this is the most allowed. */
const MAX_BYTES_PER_CHANGE: i32 = 32;

/** What the byte read last was part of. From `Script` on: `Script` plus the `Script` of a character that is not ASCII. */
const enum Kind {
  None,
  Blank,
  LineEnd,
  Punctuation,
  Digit,
  Capital,
  Small,
  Script,
}

/**
 * Estimates how many tokens a text is, for calls whose response reports no usage.
 *
 * The text comes as UTF-8 in pieces, cut anywhere, also inside a character; the estimate is the same for every way of
 * cutting. Texts that are not one after the other in the prompt are separated by `boundary()`. Nothing is kept of the text
 * but what is known of its last few bytes, nothing is allocated, and no input traps; bytes that are not UTF-8 are counted
 * as unknown characters. The count cannot overflow: a byte costs at most three tokens, so it would take 2^54 bytes.
 *
 * The median error is below 10 % for English, Chinese, Japanese and source code against o200k_base (GPT-4o and later);
 * `scripts/estimate-error.ts` measures it. No tokenizer is known here: the estimate is meant for all of them.
 *
 * **Images, audio and files in a request** come as base64 strings and are not billed by their length. A run of more than
 * 512 bytes of the base64 alphabet, in which capitals, small letters and digits alternate as in encoded binary data, counts
 * as text up to there (about 350 tokens) and one token per 1024 bytes after that: a picture file of 200 KB costs 600
 * tokens and one of 1 MB 1,700, where providers charge 250 to 1,600 by its size in pixels. A fixed price would be closer for
 * pictures alone, but a recording or a document of any length would be had for it. Shorter runs (identifiers, keys,
 * hashes, signatures), hexadecimal, and long words of any script are text, and so is base64 in lines.
 */
@final
export class TokenEstimator {
  private hundredths: i64 = 0;
  private kind: Kind = Kind.None;
  /** How much of the current run was read: letters of the word (at most `WORD_LETTERS`), digits of the group, characters. */
  private length: i32 = 0;
  /** The punctuation or line end read last. */
  private last: u8 = 0;

  /** The bits of a character of which `missing` bytes are still to come. */
  private character: i32 = 0;
  private missing: i32 = 0;

  /** How many bytes of the base64 alphabet were read since the last other byte, and what was seen among them. */
  private unbroken: i32 = 0;
  private humps: i32 = 0;
  private digitGroups: i32 = 0;
  /** Whether the run is media; then its bytes are counted here until they make a token. */
  private isMedia: bool = false;
  private mediaBytes: i64 = 0;

  /** The estimate for all text since the last `clear()`, rounded up. */
  get tokens(): i64 {
    return (this.hundredths + 99) / 100;
  }

  /** Forgets everything, for another request or response. */
  clear(): void {
    this.hundredths = 0;
    this.mediaBytes = 0;
    this.boundary();
  }

  /** Ends a text; what is fed next is another one, such as the content of another message. */
  boundary(): void {
    this.kind = Kind.None;
    this.missing = 0;
    this.breakRun();
  }

  /** Takes the next `len` bytes of text, at `ptr`. */
  feed(ptr: usize, len: i32): void {
    const end = ptr + len;
    let at = ptr;
    while (at < end) {
      const from = at;
      if (this.isMedia) {
        while (at < end && isBase64(load<u8>(at))) ++at;
        this.media(<i32>(at - from));
        if (at < end) this.breakRun();
        continue;
      }
      const byte = load<u8>(at++);
      if (isSmall(byte)) {
        while (at < end && isSmall(load<u8>(at))) ++at;
        this.smallLetters(<i32>(at - from));
      } else if (byte < 0x80) {
        this.ascii(byte);
      } else {
        this.partOfCharacter(byte);
      }
    }
  }
}
