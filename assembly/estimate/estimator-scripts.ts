/** The scripts whose characters cost tokens differently, other than those of ASCII. */
export const enum Script {
  /** Letters that belong to Latin words and split them: those with diacritics, and combining diacritics. */
  LatinAccented,
  /** Letters that belong to Latin words: those of Vietnamese, which vocabularies know well. */
  LatinVietnamese,
  Han,
  Hiragana,
  Katakana,
  /** CJK punctuation, full-width forms, half-width kana, Bopomofo, squared characters. */
  CjkForm,
  Hangul,
  Cyrillic,
  Greek,
  Arabic,
  /** Devanagari and the other scripts of India and Sri Lanka. */
  Indic,
  Thai,
  /** Quotation marks, dashes, special spaces, signs of Latin-1. */
  Typography,
  /** Arrows, mathematical operators, box drawing, dingbats. */
  Symbol,
  /** Other alphabets of which vocabularies have the letters: Armenian, Hebrew, Georgian, Khmer, Burmese. */
  Other,
  /**
   * Characters that vocabularies mostly have as bytes only: those of four bytes, such as emoji and mathematical letters,
   * rare ideographs, Braille, forms of letters that only old character sets need, and alphabets such as Lao, Tibetan and Ethiopic.
   */
  Rare,
}

/** How many scripts there are. */
export const SCRIPTS: i32 = <i32>Script.Rare + 1;

/** The script of a character from U+0080 on, by the blocks of Unicode, whose borders are rounded to 32 characters. */
export function scriptOf(character: i32): Script {
  if (character < 0xa0) return Script.Rare; // controls
  if (character < 0xc0) return Script.Typography;
  if (character < 0x360) return Script.LatinAccented;
  if (character < 0x400) return Script.Greek;
  if (character < 0x460) return Script.Cyrillic;
  if (character < 0x480) return Script.Rare; // historic letters
  if (character < 0x500) return Script.Cyrillic;
  if (character < 0x520) return Script.Rare;
  if (character < 0x600) return Script.Other; // Armenian, Hebrew
  if (character < 0x700) return Script.Arabic;
  if (character < 0x900) return Script.Rare; // Syriac, Thaana, N'Ko
  if (character < 0xe00) return Script.Indic;
  if (character < 0xe80) return Script.Thai;
  if (character < 0x1000) return Script.Rare; // Lao, Tibetan
  if (character < 0x1100) return Script.Other; // Burmese, Georgian
  if (character < 0x1780) return Script.Rare; // Hangul in parts, Ethiopic, Cherokee, Canadian syllabics
  if (character < 0x1800) return Script.Other; // Khmer
  if (character < 0x1ea0) return Script.Rare;
  if (character < 0x1f00) return Script.LatinVietnamese;
  if (character < 0x2000) return Script.Greek;
  if (character < 0x2080) return Script.Typography;
  if (character < 0x2340) return Script.Symbol;
  if (character < 0x2440) return Script.Rare; // technical symbols
  if (character < 0x26c0) return Script.Symbol;
  if (character < 0x2700) return Script.Rare;
  if (character < 0x27c0) return Script.Symbol;
  if (character < 0x2b00) return Script.Rare; // Braille, further arrows and operators
  if (character < 0x2b60) return Script.Symbol;
  if (character < 0x3000) return Script.Rare; // Glagolitic, Coptic and others, radicals
  if (character < 0x3040) return Script.CjkForm;
  if (character < 0x30a0) return Script.Hiragana;
  if (character < 0x3100) return Script.Katakana;
  if (character < 0x3180) return Script.CjkForm;
  if (character < 0x4e00) return Script.Rare; // squared words, ideographs of extension A
  if (character < 0xa000) return Script.Han;
  if (character < 0xac00) return Script.Rare; // Yi and others
  if (character < 0xd7c0) return Script.Hangul;
  if (character < 0xf900) return Script.Rare; // private use
  if (character < 0xfb00) return Script.Han;
  if (character < 0xfe00) return Script.Rare; // ligatures, presentation forms of Arabic
  if (character < 0xfe20) return Script.Typography; // variation selectors
  if (character < 0xfe80) return Script.CjkForm;
  if (character < 0xff00) return Script.Rare; // presentation forms of Arabic
  return character < 0x10000 ? Script.CjkForm : Script.Rare;
}
