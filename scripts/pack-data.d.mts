/** Packs the static data of a module that AssemblyScript has made; one without data stays as it is. */
export function packData(module: Uint8Array): Buffer;
