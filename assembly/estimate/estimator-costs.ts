import {
  ASTERISK,
  CR,
  DOT,
  EQUALS,
  HASH,
  isDigit,
  isLetter,
  LF,
  LOWER_A,
  MINUS,
  PLUS,
  SLASH,
  SPACE,
  TAB,
  UNDERSCORE,
} from "../bytes/ascii";
import { Script, scriptOf, SCRIPTS } from "./estimator-scripts";

/**
 * What ASCII text costs, in hundredths of a token. A tokenizer of the tiktoken family first cuts text into pieces (a word with
 * the space or the one other character before it, up to three digits, a run of punctuation with the line ends after it,
 * white space) and then looks the pieces up; a piece it does not know becomes several tokens. The cuts are known, so most
 * values are near 100 (a piece, hence a token) or near 0 (still the piece before). The others say how often a piece falls
 * apart, and are fitted to o200k_base by least squares of the relative error over prose in 20 languages, code and markup.
 */
export const enum Cost {
  /** A word at the start of a text or after white space: the one space before it is part of it. */
  Word = 92,
  /** A word after a single punctuation character: `(x` and `.name` are one token about half of the time. */
  WordGlued = 45,
  /** A word after digits, several punctuation characters, or another script. */
  WordAfter = 110,
  /** A capital after a small letter, as in `camelCase`: another word, and often an abbreviated one. */
  Hump = 118,
  /** A capital after a capital: `SELECT` is one token, `ENOSPC` three. */
  Capital = 14,
  /** Each letter of a word from the eighth on: long words are rarer, so they are split more often. */
  FarLetter = 36,
  /** A letter with a diacritic: words of languages other than English are split more often, above all there. */
  Accent = 70,
  /** Digits are cut into groups of three. */
  DigitGroup = 100,
  /** A space before a digit is not part of the number. */
  SpaceBeforeDigit = 100,
  /** The second of several spaces or tabs: all of them, but for the last one before a word, are one token. */
  Indent = 90,
  /** The first line end after anything but punctuation, which would take it along. */
  Line = 120,
  /** The first line end after punctuation. */
  LineGlued = 20,
  /** The same line end again: `\n\n` is one token, too, but is less often one with what is before it. */
  EmptyLine = 40,
  /** Any further line end, and the line feed after a carriage return. */
  LineFar = 6,
  /** The first character of a run of ASCII punctuation. */
  Punctuation = 90,
  /** Its second and third character: pairs such as `);` and `":` are known. */
  PunctuationNext = 15,
  /** Its further characters. */
  PunctuationFar = 50,
  /** Repeated white space or punctuation: indents and rulers of 64 characters and more are one token. */
  Repeated = 2,
}

/**
 * For each script from `Han` on, in hundredths of a token: the first character of a run in this script, and each further
 * one. Fitted like the values above; those of alphabets are rounded up a little, because they are much more expensive
 * in older and smaller vocabularies (two to four times in cl100k_base), while Chinese and Japanese are cheaper in the vocabularies
 * made for them.
 */
const SCRIPT_COSTS: usize = memory.data<u8>([
  // Han: most words of two characters are one token
  100, 70,
  // Hiragana: particles and endings of two or three characters are one token
  100, 48,
  // Katakana
  72, 50,
  // CjkForm
  115, 100,
  // Hangul: a syllable is less than a token
  78, 75,
  // Cyrillic: a word is one to three tokens
  105, 14,
  // Greek
  20, 51,
  // Arabic
  48, 34,
  // Indic
  35, 41,
  // Thai: written without spaces, so a run is a clause
  20, 42,
  // Typography
  75, 50,
  // Symbol: the well-known ones are one token, the others two or three; lines drawn with them are few
  200, 50,
  // Other
  60, 40,
  // Rare: two to four
  180, 180,
]);

/** How many letters of a word are in the price of the word. */
const WORD_LETTERS: i32 = 7;

/** What a character is, for the transitions. `Script` is the first of the scripts. */
export const enum Class {
  Small,
  Capital,
  Digit,
  Blank,
  LineEnd,
  /** The same line end as the one before it. */
  LineEndAgain,
  Punctuation,
  /** The same punctuation character as the one before it, if it is one that rulers and dots are made of. */
  RulerAgain,
  Script,
}

/** What was read last, as far as it matters for what comes next. Ranges of states count the characters of a run. */
const enum State {
  Start = 0,
  /** One blank; several. */
  Blank = 1,
  /** One line end; several. */
  LineEnd = 3,
  /** One, two, and at least three characters. */
  Punctuation = 5,
  /** One, two and three digits of a group. */
  Digit = 8,
  /** A capital as letter 1 to 7 of a word, or a further one. */
  Capital = 11,
  /** A small letter as letter 1 to 7 of a word, or a further one. */
  Small = 18,
  /** A character of the script `Han`, and so on. */
  Script = 25,
}

export const STATES: i32 = <i32>State.Script + SCRIPTS - <i32>Script.Han;

/** Bytes of an entry of `TRANSITIONS`: u16 the row of the next state, u16 the cost. */
const ENTRY: i32 = 4;
/** Bytes of a row of `TRANSITIONS`: room for 32 classes, of which 24 exist. */
export const ROW: i32 = 32 * ENTRY;

/** The row of `State.Start`. */
export const START: i32 = 0;

/**
 * A row per state, an entry per class: what a character of this class costs after this state, and the row of the state
 * it leads to, in bytes from the begin of the table.
 */
export const TRANSITIONS: usize = memory.data(STATES * ROW, 4);

/** Set in a column of `ASCII` for the bytes of base64 and base64url (RFC 4648, sections 4 and 5). */
export const BASE64: i32 = 0x80;

/**
 * For each ASCII byte the place of its class in a row of `TRANSITIONS`, with `BASE64` or without; and 128 bytes after
 * that the place of the class it has when the byte before it is the same.
 */
export const ASCII: usize = memory.data(256);

/** For each 32 characters below U+10000 the place of their script in a row of `TRANSITIONS`. */
export const BASIC_PLANE: usize = memory.data(0x10000 >> 5);

/** The place in a row of characters from U+10000 on, and of bytes that are not UTF-8. */
export const RARE: i32 = (<i32>Class.Script + <i32>Script.Rare) * ENTRY;

export function placeOf(klass: i32): i32 {
  return klass * ENTRY;
}

/** States that a character of class `klass` costs `cost` after `state`, and that `next` is the state then. */
function rule(state: i32, klass: i32, cost: i32, next: i32): void {
  const entry = TRANSITIONS + state * ROW + placeOf(klass);
  store<u16>(entry, <u16>(next * ROW));
  store<u16>(entry, <u16>cost, 2);
}

/** States that a word that begins after `state` costs `cost`. */
function wordRule(state: i32, cost: i32): void {
  rule(state, Class.Small, cost, State.Small);
  rule(state, Class.Capital, cost, State.Capital);
  rule(state, <i32>Class.Script + <i32>Script.LatinVietnamese, cost, State.Small);
  rule(state, <i32>Class.Script + <i32>Script.LatinAccented, cost + Cost.Accent, State.Small);
}

/** States that the next letter of a word costs `cost` after `state`, unless it is a capital. */
function letterRule(state: i32, cost: i32, next: i32): void {
  rule(state, Class.Small, cost, next);
  rule(state, <i32>Class.Script + <i32>Script.LatinVietnamese, cost, next);
  rule(state, <i32>Class.Script + <i32>Script.LatinAccented, cost + Cost.Accent, next);
}

function fillTransitions(): void {
  // What holds after most states; exceptions overwrite it.
  for (let state = 0; state < STATES; ++state) {
    wordRule(state, Cost.WordAfter);
    rule(state, Class.Digit, Cost.DigitGroup, State.Digit);
    rule(state, Class.Blank, 0, State.Blank);
    rule(state, Class.LineEnd, Cost.Line, State.LineEnd);
    rule(state, Class.LineEndAgain, Cost.Line, State.LineEnd);
    rule(state, Class.Punctuation, Cost.Punctuation, State.Punctuation);
    rule(state, Class.RulerAgain, Cost.Punctuation, State.Punctuation);
    for (let script: i32 = Script.Han; script < SCRIPTS; ++script) {
      const first = load<u8>(SCRIPT_COSTS + 2 * (script - <i32>Script.Han));
      rule(state, <i32>Class.Script + script, first, <i32>State.Script + script - <i32>Script.Han);
    }
  }
  for (let script: i32 = Script.Han; script < SCRIPTS; ++script) {
    const state = <i32>State.Script + script - <i32>Script.Han;
    const further = load<u8>(SCRIPT_COSTS + 2 * (script - <i32>Script.Han), 1);
    rule(state, <i32>Class.Script + script, further, state);
  }

  for (let state: i32 = State.Start; state < <i32>State.Punctuation; ++state) wordRule(state, Cost.Word);
  wordRule(State.Punctuation, Cost.WordGlued);
  for (let n = 0; n < WORD_LETTERS; ++n) {
    const small = <i32>State.Small + n;
    const capital = <i32>State.Capital + n;
    const far = n == WORD_LETTERS - 1;
    letterRule(small, far ? Cost.FarLetter : 0, far ? small : small + 1);
    letterRule(capital, far ? Cost.FarLetter : 0, far ? small : small + 1);
    rule(capital, Class.Capital, far ? Cost.FarLetter : Cost.Capital, far ? capital : capital + 1);
    rule(small, Class.Capital, Cost.Hump, State.Capital);
  }

  for (let n = 0; n < 2; ++n) {
    rule(<i32>State.Digit + n, Class.Digit, 0, <i32>State.Digit + n + 1);
    rule(<i32>State.Blank + n, Class.Digit, Cost.SpaceBeforeDigit + Cost.DigitGroup, State.Digit);
  }
  rule(State.Blank, Class.Blank, Cost.Indent, <i32>State.Blank + 1);
  rule(<i32>State.Blank + 1, Class.Blank, Cost.Repeated, <i32>State.Blank + 1);

  for (let n = 0; n < 2; ++n) {
    rule(<i32>State.LineEnd + n, Class.LineEnd, Cost.LineFar, <i32>State.LineEnd + 1);
    rule(<i32>State.LineEnd + n, Class.LineEndAgain, Cost.LineFar, <i32>State.LineEnd + 1);
  }
  rule(State.LineEnd, Class.LineEndAgain, Cost.EmptyLine, <i32>State.LineEnd + 1);

  for (let n = 0; n < 3; ++n) {
    const state = <i32>State.Punctuation + n;
    const next = min(state + 1, <i32>State.Punctuation + 2);
    rule(state, Class.Punctuation, n < 2 ? Cost.PunctuationNext : Cost.PunctuationFar, next);
    rule(state, Class.RulerAgain, Cost.Repeated, next);
    rule(state, Class.LineEnd, Cost.LineGlued, State.LineEnd);
  }
}

function classOf(byte: u8): Class {
  if (isDigit(byte)) return Class.Digit;
  if (isLetter(byte)) return byte >= LOWER_A ? Class.Small : Class.Capital;
  if (byte == SPACE || byte == TAB) return Class.Blank;
  return byte == LF || byte == CR ? Class.LineEnd : Class.Punctuation;
}

function againClassOf(byte: u8): Class {
  const klass = classOf(byte);
  if (klass == Class.LineEnd) return Class.LineEndAgain;
  return klass == Class.Punctuation && isRuler(byte) ? Class.RulerAgain : klass;
}

/** Whether a line of 64 of these bytes is a few tokens in the vocabularies. */
function isRuler(byte: u8): bool {
  if (byte == HASH || byte == ASTERISK || byte == PLUS || byte == MINUS) return true;
  return byte == DOT || byte == SLASH || byte == EQUALS || byte == UNDERSCORE;
}

function isBase64(byte: u8): bool {
  if (isLetter(byte) || isDigit(byte) || byte == EQUALS) return true;
  return byte == PLUS || byte == SLASH || byte == MINUS || byte == UNDERSCORE;
}

function fillClasses(): void {
  for (let byte: i32 = 0; byte < 0x80; ++byte) {
    const klass = classOf(<u8>byte);
    const again = againClassOf(<u8>byte);
    const flag = isBase64(<u8>byte) ? BASE64 : 0;
    store<u8>(ASCII + byte, <u8>(placeOf(klass) | flag));
    store<u8>(ASCII + byte, <u8>(placeOf(again) | flag), 0x80);
  }
  for (let block = 0; block < 0x10000 >> 5; ++block) {
    store<u8>(BASIC_PLANE + block, <u8>placeOf(<i32>Class.Script + <i32>scriptOf(block << 5)));
  }
}

fillTransitions();
fillClasses();
