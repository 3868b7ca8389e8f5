/** A module of the same functions in an order that gzip compresses better. */
export function withFunctionsOrdered(module: Uint8Array): Buffer;
