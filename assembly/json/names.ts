/*
 * A set of member names as a Bloom filter of 256 bits. Asking it is cheaper than looking up a name, and most names in a response
 * are not in the set. It accepts every name that was added, and some that were not.
 */

/** The size of a set in bytes. */
export const NAME_SET: i32 = 32;

/** The index of the bit for the name of `len` bytes at `ptr`. An empty name is represented by the quotes around it. */
// @ts-ignore: decorator
@inline
function bitOf(ptr: usize, len: i32): u32 {
  return (((<u32>load<u8>(ptr)) << 3) + <u32>load<u8>(ptr + len - 1) * 5 + <u32>len * 11) & 255;
}

export function addName(set: usize, ptr: usize, len: i32): void {
  const bit = bitOf(ptr, len);
  const byte = set + (bit >> 3);
  store<u8>(byte, <u8>((<u32>load<u8>(byte)) | ((<u32>1) << (bit & 7))));
}

/** Whether the name at `ptr`, which must have its quotes around it, may be in the set at `set`. */
// @ts-ignore: decorator
@inline
export function mayHaveName(set: usize, ptr: usize, len: i32): bool {
  const bit = bitOf(ptr, len);
  return (((<u32>load<u8>(set + (bit >> 3))) >> (bit & 7)) & 1) != 0;
}
