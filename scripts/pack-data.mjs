// Packs the static data of a release build. The compiler stores text in UTF-16, so half of it is zeros, and gives each literal a
// header and a segment of its own. Here all of it becomes one sequence of tokens, which lies behind the memory that it describes;
// `assembly/abi/static-data.ts` unpacks it before anything else runs.
//
//   token     one byte, or two if the first has its top bit set: 7 bits each, the lower ones first
//             its lower two bits are a kind, the others a length of up to 4,095
//   kind 0    this many zeros; a length of 0 ends the data
//   kind 1    this many bytes, which follow
//   kind 2    a string of this many characters, whose lower bytes follow; the upper ones are 0
//
// A string lies in memory as the runtime of AssemblyScript has it: the size of its block, 8 bytes of zeros, the number of its
// class, the size of its text in bytes, the text, and zeros up to the next block, which begins a multiple of 16 bytes later.
import { dataOf, Reader, sectionsOf, segmentsOf, unsigned, withSections } from "./wasm-binary.mjs";

const Section = { Memory: 5, Data: 11, DataCount: 12 };
const Kind = { Zeros: 0, Bytes: 1, String: 2 };
const PAGE = 65536;
const MAX_LENGTH = 4095;
const STRING_CLASS = 2;
const STRING_HEADER = 20;
/** Fewer zeros than this are cheaper as bytes among others than as a token, after which another one is needed. */
const MIN_ZEROS = 3;

/** Packs the static data of a module that AssemblyScript has made; one without data stays as it is. */
export function packData(module) {
  const sections = sectionsOf(module);
  const data = sections.find(({ id }) => id === Section.Data);
  if (data === undefined) return Buffer.from(module);
  const image = imageOf(segmentsOf(data.content));
  const packed = packedOf(image);
  if (!unpacked(packed).equals(image)) throw new Error("the data does not unpack to what was packed");
  const address = Buffer.alloc(4);
  address.writeUInt32LE(image.length);
  const segments = [
    { address: 0, bytes: address },
    { address: image.length, bytes: packed },
  ];
  const changed = new Map([
    [Section.Memory, (content) => withPages(content, (image.length + packed.length) / PAGE)],
    [Section.DataCount, () => unsigned(segments.length)],
    [Section.Data, () => dataOf(segments)],
  ]);
  const pack = ({ id, content }) => ({ id, content: changed.get(id)?.(content) ?? content });
  return withSections(module, sections.map(pack));
}

/** The memory from address 0 to the last byte that a segment sets. */
function imageOf(segments) {
  const image = Buffer.alloc(Math.max(...segments.map(({ address, bytes }) => address + bytes.length)));
  for (const { address, bytes } of segments) image.set(bytes, address);
  return image;
}

/**
 * The content of a memory section whose only memory has at least so many pages from the start. Their number is a power of two,
 * because the runtime doubles the memory whenever it is full.
 */
function withPages(content, pages) {
  const reader = new Reader(content);
  const head = reader.bytes(2);
  const wanted = 2 ** Math.ceil(Math.log2(Math.ceil(pages)));
  return Buffer.concat([head, unsigned(Math.max(reader.number(), wanted)), reader.rest()]);
}

function packedOf(image) {
  const parts = [];
  const put = (kind, bytes) => {
    for (let at = 0; at < bytes.length; at += MAX_LENGTH) {
      const piece = bytes.subarray(at, at + MAX_LENGTH);
      parts.push(token(kind, piece.length));
      if (kind !== Kind.Zeros) parts.push(piece);
    }
  };
  let at = 0;
  let bytesFrom = 0;
  while (at < image.length) {
    const text = stringAt(image, at);
    const size = text !== null ? sizeOf(text.length) : zerosAt(image, at);
    if (text === null && size < MIN_ZEROS) {
      ++at;
      continue;
    }
    put(Kind.Bytes, image.subarray(bytesFrom, at));
    if (text !== null) parts.push(token(Kind.String, text.length), text);
    else put(Kind.Zeros, image.subarray(at, at + size));
    bytesFrom = at += size;
  }
  put(Kind.Bytes, image.subarray(bytesFrom));
  return Buffer.concat([...parts, token(Kind.Zeros, 0)]);
}

function token(kind, length) {
  return unsigned((length << 2) | kind);
}

/** How many zeros there are from `at` on. */
function zerosAt(image, at) {
  let end = at;
  while (image[end] === 0) ++end;
  return end - at;
}

/** The lower bytes of the string whose block begins at `at`; null if there is none, or it cannot be packed as one. */
function stringAt(image, at) {
  if (at + STRING_HEADER > image.length || image.readUInt32LE(at + 12) !== STRING_CLASS) return null;
  const length = image.readUInt32LE(at + 16) >>> 1;
  if (length > MAX_LENGTH) return null;
  const text = Buffer.from(Array.from({ length }, (_, i) => image[at + STRING_HEADER + 2 * i]));
  return stringOf(text).equals(image.subarray(at, at + sizeOf(length))) ? text : null;
}

/** The block of a string. @param text its lower bytes */
function stringOf(text) {
  const block = Buffer.alloc(sizeOf(text.length));
  block.writeUInt32LE(block.length - 4);
  block.writeUInt32LE(STRING_CLASS, 12);
  block.writeUInt32LE(2 * text.length, 16);
  text.forEach((byte, i) => block.writeUInt16LE(byte, STRING_HEADER + 2 * i));
  return block;
}

/** The size of the block of a string, in bytes. */
function sizeOf(length) {
  return Math.ceil((STRING_HEADER + 2 * length) / 16) * 16;
}

/** What `static-data.ts` makes of it. */
function unpacked(packed) {
  const parts = [];
  const reader = new Reader(packed);
  for (;;) {
    const value = reader.number();
    if (value === 0) return Buffer.concat(parts);
    const length = value >> 2;
    const kind = value & 3;
    if (kind === Kind.Zeros) parts.push(Buffer.alloc(length));
    else parts.push(kind === Kind.Bytes ? reader.bytes(length) : stringOf(reader.bytes(length)));
  }
}
