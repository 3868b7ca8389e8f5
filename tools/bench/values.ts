// Header names or property paths and their values, encoded beforehand, for a host that must be quick.

/** A hash of a name in a guest's memory, the same for capital and small letters. */
function hashOf(bytes: Uint8Array, ptr: number, size: number): number {
  let hash = size;
  for (let i = ptr; i < ptr + size; ++i) hash = (Math.imul(hash, 31) + (bytes[i]! | 0x20)) | 0;
  return hash;
}

/**
 * Header lines as hosts hand them over: their number, the sizes of each name and value, and these, each with a NUL
 * behind it.
 */
export function encodeLines(lines: readonly (readonly [string, string])[]): Uint8Array {
  let size = 4;
  for (const [name, value] of lines) size += 8 + Buffer.byteLength(name) + 1 + Buffer.byteLength(value) + 1;
  const out = Buffer.alloc(size);
  out.writeUInt32LE(lines.length, 0);
  let sizes = 4;
  let at = 4 + 8 * lines.length;
  for (const line of lines) {
    for (const text of line) {
      const length = out.write(text, at);
      sizes = out.writeUInt32LE(length, sizes);
      at += length + 1;
    }
  }
  return out;
}

export class Values {
  readonly size: number;
  /** All of them as a list of header lines. */
  readonly lines: Uint8Array;
  private readonly byHash = new Map<number, Uint8Array>();

  constructor(readonly entries: Readonly<Record<string, string>>) {
    this.size = Object.keys(entries).length;
    this.lines = encodeLines(Object.entries(entries));
    for (const [name, value] of Object.entries(entries)) {
      const bytes = Buffer.from(name);
      const hash = hashOf(bytes, 0, bytes.length);
      if (this.byHash.has(hash)) throw new Error(`two names with the same hash: ${name}`);
      this.byHash.set(hash, Buffer.from(value));
    }
  }

  /** The value of the name that is in a guest's memory, or undefined; names are told apart by their hashes. */
  get(memory: Uint8Array, ptr: number, size: number): Uint8Array | undefined {
    return this.byHash.get(hashOf(memory, ptr, size));
  }
}
