/*
 * A set of member names, as 256 bits: cheap to ask before a name is looked up, because most names in a response are in
 * no set. It never denies a name that was added, and affirms some that were not.
 */

/** The size of a set in bytes. */
export const NAME_SET: i32 = 32;

/** Which of the 256 bits stands for the name of `len` bytes at `ptr`; for an empty one, the quotes around it tell. */
// @ts-ignore: decorator
@inline
function bitOf(ptr: usize, len: i32): u32 {
  return (((<u32>load<u8>(ptr)) << 3) + <u32>load<u8>(ptr + len - 1) * 5 + <u32>len * 11) & 255;
}

/** Adds a name to the set at `set`. */
export function addName(set: usize, ptr: usize, len: i32): void {
  const bit = bitOf(ptr, len);
  const byte = set + (bit >> 3);
  store<u8>(byte, <u8>((<u32>load<u8>(byte)) | ((<u32>1) << (bit & 7))));
}

/** Whether the name at `ptr`, with its quotes around it, may be in the set at `set`. */
// @ts-ignore: decorator
@inline
export function mayHaveName(set: usize, ptr: usize, len: i32): bool {
  const bit = bitOf(ptr, len);
  return (((<u32>load<u8>(set + (bit >> 3))) >> (bit & 7)) & 1) != 0;
}
