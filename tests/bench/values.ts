// Header names or property paths and their values, encoded beforehand, for a host that must be quick.

/** A hash of a name in a guest's memory, the same for capital and small letters. */
function hashOf(bytes: Uint8Array, ptr: number, size: number): number {
  let hash = size;
  for (let i = ptr; i < ptr + size; ++i) hash = (Math.imul(hash, 31) + (bytes[i]! | 0x20)) | 0;
  return hash;
}

export class Values {
  readonly size: number;
  private readonly byHash = new Map<number, Uint8Array>();

  constructor(readonly entries: Readonly<Record<string, string>>) {
    this.size = Object.keys(entries).length;
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
