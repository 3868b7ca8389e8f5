import { ByteBuilder } from "../bytes/builder";
import { Bytes, bytesOf } from "../bytes/bytes";
import { keyChecksum, tagWithChecksum } from "./hash-slot";

/** What a marker is named by. */
export const enum MarkerName {
  /** The charge itself. */
  Charge,
  /** The answer that is charged: whoever charges it again uses the same marker. */
  Answer,
}

const CHARGE = bytesOf("higress-token-ratelimit:charge:{");
const ANSWER = bytesOf("higress-token-ratelimit:answer:{");
const HOLDS = bytesOf("higress-token-ratelimit:held:{");
const TAG_END = bytesOf("}:");
const DIGITS = bytesOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

/**
 * Writes the key that marks a charge as made, so that repeating it changes nothing. Redis Cluster wants it in the slot of
 * the counter whose key is the `len` bytes at `ptr`. It gets there by a tag of its own, which is computed, so it is as
 * short for a counter with a long name as for any other, and repeats nothing that a caller sent:
 *
 *     higress-token-ratelimit:charge:{EBoh}:<22 characters, the id>
 *
 * Redis keeps the 60 bytes of it in 64.
 * @param high the upper half of the id, @param low its lower half
 */
export function appendMarkerKey(
  out: ByteBuilder,
  name: MarkerName,
  ptr: usize,
  len: i32,
  high: u64,
  low: u64,
): void {
  appendTagged(out, name == MarkerName.Charge ? CHARGE : ANSWER, ptr, len);
  appendBase64(out, high);
  appendBase64(out, low);
}

/**
 * Writes the key of the holds on the counter whose key is the `len` bytes at `ptr`, which is in the same slot:
 *
 *     higress-token-ratelimit:held:{EBoh}:<the key of the counter>
 */
export function appendHoldsKey(out: ByteBuilder, ptr: usize, len: i32): void {
  appendTagged(out, HOLDS, ptr, len);
  out.at(ptr, len);
}

/** Writes what a key begins with, and a hash tag that leads it to the slot of the key at `ptr`. */
function appendTagged(out: ByteBuilder, begin: Bytes, ptr: usize, len: i32): void {
  out.bytes(begin);
  const tag = out.append(4);
  if (tag != 0) store<u32>(tag, bswap<u32>(tagWithChecksum(keyChecksum(ptr, len))));
  out.bytes(TAG_END);
}

/** Writes a number as 11 characters of base64url. */
function appendBase64(out: ByteBuilder, value: u64): void {
  const at = out.append(11);
  if (at == 0) return;
  for (let i: u32 = 0; i < 11; ++i) store<u8>(at + i, digit(DIGITS, <u32>(value >> (60 - 6 * i))));
}

function digit(digits: Bytes, value: u32): u8 {
  return load<u8>(changetype<usize>(digits) + (value & 63));
}
