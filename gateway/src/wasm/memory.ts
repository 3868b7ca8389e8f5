/** A pointer or length from the guest that does not lie in its memory; the host call answers InvalidMemory. */
export class MemoryFault extends Error {}

/**
 * The guest's linear memory as the host reads and writes it. Views are made anew for every access, because
 * the buffer is replaced when the guest grows its memory, and any allocation may do that.
 */
export class GuestMemory {
  constructor(
    private readonly memory: WebAssembly.Memory,
    private readonly malloc: (size: number) => number,
  ) {}

  /** A view that is valid only until the guest runs again. */
  view(ptr: number, size: number): Buffer {
    const start = ptr >>> 0;
    const length = size >>> 0;
    if (start + length > this.memory.buffer.byteLength) throw new MemoryFault();
    return Buffer.from(this.memory.buffer, start, length);
  }

  /** A copy the host may keep. */
  copy(ptr: number, size: number): Buffer {
    return Buffer.from(this.view(ptr, size));
  }

  /** UTF-8 text, for names, paths, log lines and details. */
  text(ptr: number, size: number): string {
    return this.view(ptr, size).toString("utf8");
  }

  /** Text with one char per byte, for header names and values, which are bytes on the wire. */
  latin1(ptr: number, size: number): string {
    return this.view(ptr, size).toString("latin1");
  }

  writeU32(ptr: number, value: number): void {
    this.view(ptr, 4).writeUInt32LE(value >>> 0);
  }

  writeU64(ptr: number, value: bigint): void {
    this.view(ptr, 8).writeBigUInt64LE(BigInt.asUintN(64, value));
  }

  /**
   * Gives `bytes` to the guest: allocates there, copies, and stores pointer and length in the two return
   * slots. Nothing is allocated for an empty value; its pointer is 0. The guest owns the memory from here on.
   */
  give(bytes: Uint8Array, ptrSlot: number, sizeSlot: number): void {
    let ptr = 0;
    if (bytes.length > 0) {
      ptr = this.malloc(bytes.length) >>> 0;
      if (ptr === 0) throw new MemoryFault();
      this.view(ptr, bytes.length).set(bytes);
    }
    this.writeU32(ptrSlot, ptr);
    this.writeU32(sizeSlot, bytes.length);
  }
}
