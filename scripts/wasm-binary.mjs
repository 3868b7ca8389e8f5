// The parts of WebAssembly's binary format that packing static data needs: sections, and data segments.
// https://webassembly.github.io/spec/core/binary/modules.html

const MAGIC_AND_VERSION = 8;
const ACTIVE = 0;
const I32_CONST = 0x41;
const END = 0x0b;

/** Reads bytes and LEB128 numbers one after the other. */
export class Reader {
  constructor(bytes, at = 0) {
    this.content = bytes;
    this.at = at;
  }

  get isAtEnd() {
    return this.at >= this.content.length;
  }

  byte() {
    return this.content[this.at++];
  }

  /** An unsigned number, or a signed one that is not negative. */
  number() {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  bytes(length) {
    return this.content.subarray(this.at, (this.at += length));
  }

  rest() {
    return this.content.subarray(this.at);
  }
}

/** LEB128. */
export function unsigned(value) {
  const bytes = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
  return Buffer.from([...bytes, value]);
}

/** Signed LEB128 of a number that is not negative: its last byte may not look negative. */
function signed(value) {
  const bytes = unsigned(value);
  const last = bytes.length - 1;
  return bytes[last] < 0x40 ? bytes : Buffer.from([...bytes.subarray(0, last), bytes[last] | 0x80, 0]);
}

/** The sections of a module, in order: `{ id, content }`. */
export function sectionsOf(module) {
  const sections = [];
  const reader = new Reader(Buffer.from(module), MAGIC_AND_VERSION);
  while (!reader.isAtEnd) sections.push({ id: reader.byte(), content: reader.bytes(reader.number()) });
  return sections;
}

/** A module of other sections; `module` gives the version of the format. */
export function withSections(module, sections) {
  const parts = sections.map(({ id, content }) => [Buffer.from([id]), unsigned(content.length), content]);
  return Buffer.concat([Buffer.from(module).subarray(0, MAGIC_AND_VERSION), ...parts.flat()]);
}

/** The segments of a data section, each at a fixed address: `{ address, bytes }`. */
export function segmentsOf(content) {
  const reader = new Reader(content);
  return Array.from({ length: reader.number() }, () => {
    if (reader.number() !== ACTIVE || reader.byte() !== I32_CONST) throw new Error("a segment is passive");
    const address = reader.number();
    if (reader.byte() !== END) throw new Error("an address is not fixed");
    return { address, bytes: reader.bytes(reader.number()) };
  });
}

/** The content of a data section. */
export function dataOf(segments) {
  const parts = segments.map(({ address, bytes }) => [
    ...[Buffer.from([ACTIVE, I32_CONST]), signed(address), Buffer.from([END])],
    ...[unsigned(bytes.length), bytes],
  ]);
  return Buffer.concat([unsigned(segments.length), ...parts.flat()]);
}
