// Writes assembly/regex/unicode-data.ts: general categories, scripts and simple case folding, from the Unicode data
// that this Node carries. Usage: node scripts/unicode-tables.mjs
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as prettier from "prettier";

const OUTPUT = fileURLToPath(new URL("../assembly/regex/unicode-data.ts", import.meta.url));
const RUNES = 0x110000;

// In the order of their numbers. The first two alternate for long stretches, which number 30 stands for.
const CATEGORIES =
  "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co Cn".split(" ");
const ALTERNATING = 30;
/** Categories whose runes have no script. */
const WITHOUT_SCRIPT = ["Cs", "Co", "Cn"];
/** Stands for no script that is known here. */
const NONE = 255;

// Unions of categories: those of Go's unicode.Categories, and two that its regexp/syntax adds. (Its ASCII is none.)
const UNIONS = {
  L: /^L/,
  M: /^M/,
  N: /^N/,
  P: /^P/,
  S: /^S/,
  Z: /^Z/,
  C: /^C/,
  LC: /^L[ult]$/,
  Any: /./,
  Assigned: /^(?!Cn)/,
};

// The long names of Unicode's PropertyValueAliases.txt, as in Go's unicode.CategoryAliases.
const ALIASES = `
  Letter=L Cased_Letter=LC Uppercase_Letter=Lu Lowercase_Letter=Ll Titlecase_Letter=Lt Modifier_Letter=Lm Other_Letter=Lo
  Mark=M Combining_Mark=M Nonspacing_Mark=Mn Spacing_Mark=Mc Enclosing_Mark=Me
  Number=N Decimal_Number=Nd digit=Nd Letter_Number=Nl Other_Number=No
  Punctuation=P punct=P Connector_Punctuation=Pc Dash_Punctuation=Pd Open_Punctuation=Ps Close_Punctuation=Pe
  Initial_Punctuation=Pi Final_Punctuation=Pf Other_Punctuation=Po
  Symbol=S Math_Symbol=Sm Currency_Symbol=Sc Modifier_Symbol=Sk Other_Symbol=So
  Separator=Z Space_Separator=Zs Line_Separator=Zl Paragraph_Separator=Zp
  Other=C Control=Cc cntrl=Cc Format=Cf Surrogate=Cs Private_Use=Co Unassigned=Cn`
  .trim()
  .split(/\s+/)
  .map((pair) => pair.split("="));

// The scripts of Unicode 15.0, which are those that Go 1.26 knows.
const SCRIPTS = `
  Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki Bopomofo
  Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee Chorasmian Common
  Coptic Cuneiform Cypriot Cypro_Minoan Cyrillic Deseret Devanagari Dives_Akuru Dogra Duployan Egyptian_Hieroglyphs
  Elbasan Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gunjala_Gondi Gurmukhi Han Hangul
  Hanifi_Rohingya Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic Inherited Inscriptional_Pahlavi
  Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kawi Kayah_Li Kharoshthi Khitan_Small_Script Khmer Khojki
  Khudawadi Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian Mahajani Makasar Malayalam Mandaic Manichaean
  Marchen Masaram_Gondi Medefaidrin Meetei_Mayek Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi
  Mongolian Mro Multani Myanmar Nabataean Nag_Mundari Nandinagari New_Tai_Lue Newa Nko Nushu Nyiakeng_Puachue_Hmong
  Ogham Ol_Chiki Old_Hungarian Old_Italic Old_North_Arabian Old_Permic Old_Persian Old_Sogdian Old_South_Arabian
  Old_Turkic Old_Uyghur Oriya Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi
  Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sogdian Sora_Sompeng Soyombo Sundanese
  Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangsa Tangut Telugu Thaana Thai Tibetan
  Tifinagh Tirhuta Toto Ugaritic Vai Vithkuqi Wancho Warang_Citi Yezidi Yi Zanabazar_Square`
  .trim()
  .split(/\s+/);

/** LEB128. */
function varint(value) {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

/** A name as it is looked up: lower case, without separators, after its length. */
function label(name) {
  const text = name.toLowerCase().replaceAll("_", "");
  return [text.length, ...Buffer.from(text, "latin1")];
}

/** The ranges of a property, [first, last] each. */
function rangesOf(property) {
  const test = new RegExp(`^\\p{${property}}$`, "u");
  const ranges = [];
  for (let rune = 0; rune < RUNES; ++rune) {
    if (!test.test(String.fromCodePoint(rune))) continue;
    if (ranges.length > 0 && ranges.at(-1)[1] === rune - 1) ranges.at(-1)[1] = rune;
    else ranges.push([rune, rune]);
  }
  return ranges;
}

/** All runes in order, as runs of one category and script: `{ category, script, length }`, where the script NONE is none. */
function runs() {
  const categories = new Uint8Array(RUNES);
  const scripts = new Uint8Array(RUNES).fill(NONE);
  CATEGORIES.forEach((name, number) => {
    for (const [first, last] of rangesOf(name)) categories.fill(number, first, last + 1);
  });
  SCRIPTS.forEach((name, number) => {
    for (const [first, last] of rangesOf(`Script=${name}`)) scripts.fill(number, first, last + 1);
  });
  const found = [];
  for (let rune = 0; rune < RUNES; ++rune) {
    const run = found.at(-1);
    if (run?.category === categories[rune] && run.script === scripts[rune]) ++run.length;
    else found.push({ category: categories[rune], script: scripts[rune], length: 1 });
  }
  return found;
}

/** The runs, in which one of a category ALTERNATING stands for several in which the first two categories alternate. */
function joinedRuns() {
  const all = runs();
  const joined = [];
  for (let i = 0; i < all.length;) {
    const { script } = all[i];
    let n = 0;
    while (all[i + n]?.length === 1 && all[i + n].category === n % 2 && all[i + n].script === script) ++n;
    joined.push(n >= 2 ? { category: ALTERNATING, script, length: n } : all[i]);
    i += n >= 2 ? n : 1;
  }
  return joined;
}
const JOINED = joinedRuns();

/** Runs: category << 3 | length, where length 0 announces a varint. */
const categoryRuns = () =>
  JOINED.flatMap(({ category, length }) =>
    length < 8 ? [(category << 3) | length] : [category << 3, ...varint(length)],
  );

/** Entries of a name and the set of its categories, a bit for each number, as a varint. */
function categoryNames() {
  const masks = Object.fromEntries(CATEGORIES.map((name, number) => [name, 1 << number]));
  for (const [name, members] of Object.entries(UNIONS)) {
    masks[name] = CATEGORIES.reduce(
      (mask, category, number) => mask | (members.test(category) ? 1 << number : 0),
      0,
    );
  }
  for (const [name, category] of ALIASES) masks[name] = masks[category];
  return Object.entries(masks).flatMap(([name, mask]) => [...label(name), ...varint(mask >>> 0)]);
}

/**
 * The runs in spans of one script: how many runs, and the number of the script, where 0 is the next that was not there before.
 * Runs without a script are not counted as such if no rune of their category has one. Also the scripts, by their numbers from 1.
 */
function scriptSpans() {
  const spans = [];
  const numbers = new Map();
  for (const { category, script } of JOINED) {
    const last = spans.at(-1);
    if (last !== undefined && (last.script === script || WITHOUT_SCRIPT.includes(CATEGORIES[category])))
      ++last.count;
    else spans.push({ script, count: 1 });
  }
  const bytes = spans.flatMap(({ script, count }) => {
    const number = numbers.get(script) ?? 0;
    if (number === 0) numbers.set(script, numbers.size + 1);
    return [...varint(count), number];
  });
  return { bytes, order: [...numbers.keys()] };
}
const { bytes: SPANS, order: NUMBERED } = scriptSpans();

/** The names of scripts, in the order of their numbers; that of runes of none is empty. */
const scriptNames = () => NUMBERED.flatMap((script) => label(SCRIPTS[script] ?? ""));

/** Pairs of runes that differ in case only, each pair once, the lower first. */
function foldPairs() {
  const runeOf = (text) => ([...text].length === 1 ? text.codePointAt(0) : -1);
  const links = new Map();
  for (let rune = 0; rune < RUNES; ++rune) {
    if (rune >= 0xd800 && rune < 0xe000) continue;
    const text = String.fromCodePoint(rune);
    const equal = new RegExp(`^\\u{${rune.toString(16)}}$`, "iu");
    for (const other of [text.toLowerCase(), text.toUpperCase(), text.toUpperCase().toLowerCase()].map(
      runeOf,
    )) {
      if (other < 0 || other === rune || !equal.test(String.fromCodePoint(other))) continue;
      const orbit = new Set([...(links.get(rune) ?? [rune]), ...(links.get(other) ?? [other])]);
      for (const member of orbit) links.set(member, orbit);
    }
  }
  return [...links].flatMap(([rune, orbit]) =>
    [...orbit].filter((other) => other > rune).map((other) => [rune, other]),
  );
}

/** Runs of pairs: distance of the first rune from that of the run before, count << 1 | (stride - 1), difference. */
function folds() {
  const runs = [];
  const pairs = foldPairs().sort(([a, b], [c, d]) => b - a - (d - c) || a - c);
  for (const [rune, other] of pairs) {
    const run = runs.at(-1);
    const step = run === undefined ? 0 : rune - run.last;
    if (
      run?.difference === other - rune &&
      (run.stride === step || (run.count === 1 && (step === 1 || step === 2)))
    ) {
      Object.assign(run, { last: rune, stride: step, count: run.count + 1 });
    } else {
      runs.push({ first: rune, last: rune, stride: 1, count: 1, difference: other - rune });
    }
  }
  runs.sort((a, b) => a.first - b.first);
  let before = 0;
  return runs.flatMap(({ first, stride, count, difference }) => {
    const bytes = [...varint(first - before), ...varint((count << 1) | (stride - 1)), ...varint(difference)];
    before = first;
    return bytes;
  });
}

function table(name, comment, bytes) {
  return `
/** ${comment} */
export const ${name}: usize = memory.data<u8>([${bytes.join(", ")}]);
export const ${name}_END: usize = ${name} + ${bytes.length};
`;
}

const source = `// Generated by scripts/unicode-tables.mjs from Unicode ${process.versions.unicode}; do not edit.
// Names are in lower case, without "_", after a byte for their length; all numbers not named as bytes are varints (LEB128).
${table("RUNS", "All runes in order, as runs: a byte of category << 3 | length, where length 0 announces a varint.", categoryRuns())}
${table("CATEGORY_NAMES", "Name, and the set of its categories, one bit each.", categoryNames())}
${table("SCRIPT_SPANS", "How many runs are of a script, and a byte for its number, where 0 is the next that was not there before.", SPANS)}
${table("SCRIPT_NAMES", "The names of the scripts, from number 1 on.", scriptNames())}
${table("FOLDS", "Pairs of runes equal but for case, in runs: first rune (from the first of the run before), count << 1 | (stride - 1), distance to the other rune.", folds())}
`;
const options = await prettier.resolveConfig(OUTPUT);
writeFileSync(OUTPUT, await prettier.format(source, { ...options, filepath: OUTPUT }));
