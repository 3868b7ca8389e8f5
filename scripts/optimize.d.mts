/** How many expressions a function may have that is inlined wherever it is called, and one that is called once. */
export interface Inlined {
  readonly everywhere: number;
  readonly once: number;
}
/** The optimised form of a module that the compiler has not optimised, with the names of its functions. */
export function optimized(bytes: Uint8Array, inlined: Inlined): Buffer;
