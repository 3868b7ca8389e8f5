/**
 * SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104, FIPS 198-1). One computation at a time, in fixed memory: nothing is
 * allocated, and no result outlives the next call unless it is copied.
 */
import { addressOf, Bytes, copyOf } from "./bytes";

/** The size of a digest, in bytes. */
export const DIGEST: i32 = 32;
const BLOCK: usize = 64;

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const ROUNDS = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
]);

/** The hash so far: eight words. */
const state = memory.data(32);
/** The schedule of one block. */
const words = memory.data(256);
/** The bytes of an incomplete block, and their number. */
const pending = memory.data(64);
let pendingSize: usize = 0;
let total: u64 = 0;
const digest = memory.data(32);

/** Begins a digest. */
export function sha256Begin(): void {
  store<u32>(state, 0x6a09e667);
  store<u32>(state, 0xbb67ae85, 4);
  store<u32>(state, 0x3c6ef372, 8);
  store<u32>(state, 0xa54ff53a, 12);
  store<u32>(state, 0x510e527f, 16);
  store<u32>(state, 0x9b05688c, 20);
  store<u32>(state, 0x1f83d9ab, 24);
  store<u32>(state, 0x5be0cd19, 28);
  pendingSize = 0;
  total = 0;
}

/** Adds the `len` bytes at `ptr`. */
export function sha256Add(ptr: usize, len: i32): void {
  let at = ptr;
  const end = ptr + len;
  total += len;
  if (pendingSize > 0) {
    const size = min(BLOCK - pendingSize, end - at);
    memory.copy(pending + pendingSize, at, size);
    pendingSize += size;
    at += size;
    if (pendingSize < BLOCK) return;
    compress(pending);
    pendingSize = 0;
  }
  for (; end - at >= BLOCK; at += BLOCK) compress(at);
  pendingSize = end - at;
  memory.copy(pending, at, pendingSize);
}

/** Ends the digest. @returns the address of its 32 bytes, valid until the next digest ends */
export function sha256End(): usize {
  const bits = total << 3;
  store<u8>(pending + pendingSize++, 0x80);
  if (pendingSize > 56) {
    memory.fill(pending + pendingSize, 0, BLOCK - pendingSize);
    compress(pending);
    pendingSize = 0;
  }
  memory.fill(pending + pendingSize, 0, 56 - pendingSize);
  store<u64>(pending, bswap(bits), 56);
  compress(pending);
  for (let i: usize = 0; i < 32; i += 4) store<u32>(digest + i, bswap(load<u32>(state + i)));
  return digest;
}

/** The digest of the `len` bytes at `ptr`, valid until the next one. */
export function sha256(ptr: usize, len: i32): usize {
  sha256Begin();
  sha256Add(ptr, len);
  return sha256End();
}

/** Adds the 64 bytes at `block` to the state. */
function compress(block: usize): void {
  for (let i: usize = 0; i < 64; i += 4) store<u32>(words + i, bswap(load<u32>(block + i)));
  for (let i: usize = 64; i < 256; i += 4) {
    const w = words + i;
    const a = load<u32>(w - 60);
    const b = load<u32>(w - 8);
    const s0 = rotr(a, 7) ^ rotr(a, 18) ^ (a >> 3);
    const s1 = rotr(b, 17) ^ rotr(b, 19) ^ (b >> 10);
    store<u32>(w, load<u32>(w - 64) + s0 + load<u32>(w - 28) + s1);
  }
  let a = load<u32>(state);
  let b = load<u32>(state, 4);
  let c = load<u32>(state, 8);
  let d = load<u32>(state, 12);
  let e = load<u32>(state, 16);
  let f = load<u32>(state, 20);
  let g = load<u32>(state, 24);
  let h = load<u32>(state, 28);
  for (let i: usize = 0; i < 256; i += 4) {
    const s1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25);
    const t1 = h + s1 + ((e & f) ^ (~e & g)) + load<u32>(ROUNDS + i) + load<u32>(words + i);
    const s0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22);
    const t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }
  store<u32>(state, load<u32>(state) + a);
  store<u32>(state, load<u32>(state, 4) + b, 4);
  store<u32>(state, load<u32>(state, 8) + c, 8);
  store<u32>(state, load<u32>(state, 12) + d, 12);
  store<u32>(state, load<u32>(state, 16) + e, 16);
  store<u32>(state, load<u32>(state, 20) + f, 20);
  store<u32>(state, load<u32>(state, 24) + g, 24);
  store<u32>(state, load<u32>(state, 28) + h, 28);
}

const INNER: u8 = 0x36;
const OUTER: u8 = 0x5c;
const pad = memory.data(64);
const innerDigest = memory.data(32);

/** HMAC-SHA-256 under one key. */
@final
export class HmacSha256 {
  /** The key, or its digest if it is longer than a block. */
  private readonly key: Bytes;

  constructor(key: Bytes) {
    const length = key.byteLength;
    this.key = length <= <i32>BLOCK ? key : copyOf(sha256(addressOf(key), length), DIGEST);
  }

  /** The code of the `len` bytes at `ptr`: 32 bytes, valid until the next digest or code. */
  of(ptr: usize, len: i32): usize {
    this.begin(INNER);
    sha256Add(ptr, len);
    memory.copy(innerDigest, sha256End(), DIGEST);
    this.begin(OUTER);
    sha256Add(innerDigest, DIGEST);
    return sha256End();
  }

  private begin(mask: u8): void {
    const length = this.key.byteLength;
    const key = addressOf(this.key);
    memory.fill(pad, mask, BLOCK);
    for (let i = 0; i < length; ++i) store<u8>(pad + i, load<u8>(key + i) ^ mask);
    sha256Begin();
    sha256Add(pad, <i32>BLOCK);
  }
}
