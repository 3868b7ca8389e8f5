// Packs the static data of a release build. The compiler stores text in UTF-16, so half of it is zeros, and gives each literal
// a header and a segment of its own. Here all of it becomes one sequence of tokens, which lies behind the memory that it
// describes; `assembly/abi/static-data.ts` unpacks it before anything else runs. The tokens are compressed (compress.mjs), and
// before them are two numbers of 32 bits: how long they are, and how long they are when compressed.
//
//   token     one byte, or two if the first has its top bit set: 7 bits each, the lower ones first
//             its lower two bits are a kind, the others a length of up to 4,095
//   kind 0    this many zeros; a length of 0 ends the data
//   kind 1    this many bytes, which follow
//   kind 2    a string of this many characters, whose lower bytes follow; the upper ones are 0
//   kind 3    an ArrayBuffer of this many bytes, which follow
//
// Strings and buffers lie in memory as the runtime of AssemblyScript has them: the size of the block, two numbers for the
// collector, the number of the class, the size of the content in bytes, the content, and zeros up to the next block, which
// begins a multiple of 16 bytes later. The block of a buffer has room for the marked string that it was made of by
// static-bytes.mjs.
import { compressed, decompressed, MODELS_SIZE } from "./compress.mjs";
import { CLASS, COLOR, Class, CONTENT_SIZE, HEADER, TRANSPARENT } from "./static-objects.mjs";
import { dataOf, Reader, sectionsOf, segmentsOf, unsigned, withSections } from "./wasm-binary.mjs";

const Section = { Memory: 5, Data: 11, DataCount: 12 };
const Kind = { Zeros: 0, Bytes: 1, String: 2, Buffer: 3 };
const PAGE = 65536;
const MAX_LENGTH = 4095;
/** Fewer zeros than this are cheaper as bytes among others than as a token, after which another one is needed. */
const MIN_ZEROS = 3;

/** Packs the static data of a module that AssemblyScript has made; one without data stays as it is. */
export function packData(module) {
  const sections = sectionsOf(module);
  const data = sections.find(({ id }) => id === Section.Data);
  if (data === undefined) return Buffer.from(module);
  const image = imageOf(segmentsOf(data.content));
  const tokens = packedOf(image);
  const shorter = compressed(tokens);
  if (!unpacked(decompressed(shorter, tokens.length)).equals(image))
    throw new Error("the data does not unpack to what was packed");
  const sizes = Buffer.alloc(8);
  sizes.writeUInt32LE(tokens.length);
  sizes.writeUInt32LE(shorter.length, 4);
  const packed = Buffer.concat([sizes, shorter]);
  // In memory come the tokens next, and then what decompressing them takes.
  const needed = image.length + packed.length + tokens.length + 1 + MODELS_SIZE;
  const address = Buffer.alloc(4);
  address.writeUInt32LE(image.length);
  const segments = [
    { address: 0, bytes: address },
    { address: image.length, bytes: packed },
  ];
  const changed = new Map([
    [Section.Memory, (content) => withPages(content, needed / PAGE)],
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
    const object = objectAt(image, at);
    const size = object?.size ?? zerosAt(image, at);
    if (object === null && size < MIN_ZEROS) {
      ++at;
      continue;
    }
    put(Kind.Bytes, image.subarray(bytesFrom, at));
    if (object !== null) parts.push(token(object.kind, object.content.length), object.content);
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

/** The string or buffer whose block begins at `at`: `{ kind, content, size }`; null if there is none, or it cannot be packed. */
function objectAt(image, at) {
  if (at + HEADER > image.length || image.readUInt32LE(at + COLOR) !== TRANSPARENT) return null;
  const kind = { [Class.String]: Kind.String, [Class.Buffer]: Kind.Buffer }[image.readUInt32LE(at + CLASS)];
  if (kind === undefined) return null;
  const bytes = image.subarray(at + HEADER, at + HEADER + image.readUInt32LE(at + CONTENT_SIZE));
  const content = kind === Kind.String ? bytes.filter((_, i) => i % 2 === 0) : bytes;
  if (content.length > MAX_LENGTH) return null;
  const block = blockOf(kind, content);
  const size = block.length;
  return block.equals(image.subarray(at, at + size)) ? { kind, content, size } : null;
}

/** The block of a string, of which the lower bytes are given, or of a buffer. */
function blockOf(kind, content) {
  const isString = kind === Kind.String;
  const units = content.length + (isString ? 0 : 1);
  const block = Buffer.alloc(Math.ceil((HEADER + 2 * units) / 16) * 16);
  block.writeUInt32LE(block.length - 4);
  block.writeUInt32LE(TRANSPARENT, COLOR);
  block.writeUInt32LE(isString ? Class.String : Class.Buffer, CLASS);
  block.writeUInt32LE(isString ? 2 * content.length : content.length, CONTENT_SIZE);
  content.forEach((byte, i) => (block[HEADER + (isString ? 2 * i : i)] = byte));
  return block;
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
    else parts.push(kind === Kind.Bytes ? reader.bytes(length) : blockOf(kind, reader.bytes(length)));
  }
}
