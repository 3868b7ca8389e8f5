import { decompress } from "./decompress";

/**
 * Unpacks the static data of a release build, which `scripts/pack-data.mjs` has packed. Entry files import this first, because
 * all other code reads that data. In a debug build all is in its place, and there is nothing to do.
 */

/** Where the address of the packed data is; 0 if nothing is packed. */
const ADDRESS: usize = 0;
/** At that address, in front of the data: its decompressed length, then its compressed length, in bytes. */
const SIZES: usize = 2 * sizeof<u32>();
/** What comes before the content of an object in its block. */
const HEADER: usize = 20;
/** The colour of objects that the collector leaves alone. */
const TRANSPARENT: u32 = 3;

const enum Kind {
  Zeros,
  Bytes,
  String,
  Buffer,
}

unpack();

function unpack(): void {
  const packed: usize = load<u32>(ADDRESS);
  if (packed == 0) return;
  const length = load<u32>(packed);
  const tokens = packed + SIZES + load<u32>(packed, sizeof<u32>());
  decompress(packed + SIZES, tokens, length);
  let from = tokens;
  let to: usize = 0;
  while (true) {
    let token: u32 = load<u8>(from++);
    if (token >= 0x80) token = (token & 0x7f) | ((<u32>load<u8>(from++)) << 7);
    if (token == 0) break;
    const count = token >> 2;
    const kind = token & 3;
    if (kind >= <u32>Kind.String) {
      to += writeObject(to, from, count, kind == Kind.String);
    } else {
      if (kind == Kind.Bytes) memory.copy(to, from, count);
      to += count;
    }
    if (kind != Kind.Zeros) from += count;
  }
  memory.fill(packed, 0, from - packed);
  store<u32>(ADDRESS, 0);
}

/**
 * Writes the block of a string whose lower bytes are at `from`, or of a buffer with those bytes. The memory is still zero.
 * @returns the size of the block
 */
function writeObject(to: usize, from: usize, length: u32, isString: bool): usize {
  const block = (HEADER + 2 * (length + u32(!isString)) + 15) & ~15;
  store<u32>(to, block - 4);
  store<u32>(to + 4, TRANSPARENT);
  store<u32>(to + 12, isString ? idof<string>() : idof<ArrayBuffer>());
  store<u32>(to + 16, length << u32(isString));
  for (let i: u32 = 0; i < length; ++i) store<u8>(to + HEADER + (i << u32(isString)), load<u8>(from + i));
  return block;
}
