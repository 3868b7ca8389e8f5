// The filter's memory, as host calls read and write it.

/** What host calls return; of the statuses of proxy-wasm, those that the hosts of the tests have a use for. */
export const Status = { Ok: 0, NotFound: 1, BadArgument: 2, InternalFailure: 10 } as const;

/** Host calls of these names, each of which takes numbers (of 64 bits as bigint) and returns a Status. */
export type Calls<Name extends string> = Record<Name, (...args: never[]) => number>;

/** What allocates in the filter's memory, and the memory. */
interface Owner {
  memory: WebAssembly.Memory;
  malloc(size: number): number;
}

const decoder = new TextDecoder();

export class GuestMemory {
  /** @param owner gives the filter, which is not there yet when the calls are made that it imports */
  constructor(private readonly owner: () => Owner) {}

  get size(): number {
    return this.owner().memory.buffer.byteLength;
  }

  /** A copy of what stands there. */
  bytes(ptr: number, size: number): Uint8Array {
    if (ptr < 0 || size < 0 || ptr + size > this.size) throw new Error("out of the guest's memory");
    return new Uint8Array(this.owner().memory.buffer, ptr, size).slice();
  }

  text(ptr: number, size: number): string {
    return decoder.decode(this.bytes(ptr, size));
  }

  setNumber(ptr: number, value: number): void {
    new DataView(this.owner().memory.buffer).setUint32(ptr, value, true);
  }

  setLongNumber(ptr: number, value: bigint): void {
    new DataView(this.owner().memory.buffer).setBigUint64(ptr, value, true);
  }

  /** Hands bytes to the guest; an empty value is a null pointer, without a call of malloc. */
  give(value: Uint8Array, ptrSlot: number, sizeSlot: number): number {
    const ptr = value.length === 0 ? 0 : this.owner().malloc(value.length);
    if (ptr !== 0) new Uint8Array(this.owner().memory.buffer, ptr, value.length).set(value);
    this.setNumber(ptrSlot, ptr);
    this.setNumber(sizeSlot, value.length);
    return Status.Ok;
  }
}
