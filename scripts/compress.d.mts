/** The packed form of `data`. */
export function compressed(data: Uint8Array): Buffer;
/** What `compressed` made `bytes` of, if that was `length` bytes. */
export function decompressed(bytes: Uint8Array, length: number): Buffer;
