/**
 * Decompresses what `scripts/compress.mjs` has compressed, which describes the format. It runs before anything else, so it
 * needs no heap: the models are in memory that is zero, where 0 stands for an even chance.
 */

const HALF: i32 = 1024;
const TOP: u32 = 1 << 24;
const ADAPTATION: i32 = 4;
const MIN_MATCH: u32 = 2;

/** Where the models of each kind of decision begin. */
const LITERAL: u32 = 0;
const MATCH: u32 = 2048;
const REPEAT: u32 = 2050;
const LONG: u32 = 2051;
const SHORT: u32 = 2052;
const REST: u32 = 2060;
const SLOT: u32 = 2316;
const EXTRA: u32 = 2572;
/** How much memory the models need. */
const MODELS_SIZE: usize = 3596 * sizeof<i16>();

let models: usize = 0;
let next: usize = 0;
let range: u32 = 0;
let code: u32 = 0;

/**
 * Writes `length` bytes to `to` that were compressed to what is at `from`. Behind them, the memory must be zero, and is zero
 * again afterwards.
 */
export function decompress(from: usize, to: usize, length: u32): void {
  const end = to + length;
  models = (end + 1) & ~1;
  code = bswap(load<u32>(from));
  next = from + 4;
  range = u32.MAX_VALUE;
  let distance: usize = 0;
  let wasMatch: u32 = 0;
  let before: u32 = 0;
  while (to < end) {
    if (!bit(MATCH + wasMatch)) {
      before = tree(LITERAL + ((before >> 5) << 8), 8);
      store<u8>(to++, before);
      wasMatch = 0;
      continue;
    }
    wasMatch = 1;
    const isRepeat = bit(REPEAT);
    const extent = bit(LONG) ? 8 + tree(REST, 8) : tree(SHORT, 3);
    if (!isRepeat) distance = readDistance(extent);
    for (const stop = to + extent + MIN_MATCH; to < stop; ++to) store<u8>(to, load<u8>(to - distance));
    before = load<u8>(to - 1);
  }
  memory.fill(models, 0, MODELS_SIZE);
}

function readDistance(extent: u32): u32 {
  const slot = tree(SLOT + (min<u32>(extent, 3) << 6), 6);
  if (slot < 2) return slot + 1;
  let value = 2 | (slot & 1);
  for (let place = <i32>(slot >> 1) - 2; place >= 0; --place)
    value = (value << 1) | bit(EXTRA + (slot << 4) + place);
  return value + 1;
}

/** Reads a number of `bits` bits. */
function tree(model: u32, bits: i32): u32 {
  let node: u32 = 1;
  for (let i = 0; i < bits; ++i) node = (node << 1) | bit(model + node);
  return node - (1 << bits);
}

function bit(model: u32): u32 {
  const at = models + (model << 1);
  const chance = HALF + <i32>load<i16>(at);
  const zero = (range >> 11) * chance;
  const isOne = code >= zero;
  if (isOne) {
    code -= zero;
    range -= zero;
    store<i16>(at, chance - HALF - (chance >> ADAPTATION));
  } else {
    range = zero;
    store<i16>(at, chance - HALF + ((2 * HALF - chance) >> ADAPTATION));
  }
  while (range < TOP) {
    range <<= 8;
    code = (code << 8) | load<u8>(next++);
  }
  return <u32>isOne;
}
