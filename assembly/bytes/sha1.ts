import { Bytes } from "./bytes";

/** A block is hashed in 80 rounds, each with a word of it. */
const BLOCK: i32 = 64;
const words = memory.data(320);
const digest = memory.data(20);
const tail = memory.data(128);
const HEX = "0123456789abcdef";

/**
 * The SHA-1 of `text` in lower-case hexadecimal, FIPS 180-4. It is broken for signatures; here it is only the name by which
 * Redis knows a script.
 */
export function sha1Hex(text: Bytes): Bytes {
  const ptr = changetype<usize>(text);
  const size = text.byteLength;
  store<u32>(digest, 0x67452301);
  store<u32>(digest, 0xefcdab89, 4);
  store<u32>(digest, 0x98badcfe, 8);
  store<u32>(digest, 0x10325476, 12);
  store<u32>(digest, 0xc3d2e1f0, 16);
  const whole = size - (size % BLOCK);
  for (let at = 0; at < whole; at += BLOCK) hashBlock(ptr + at);

  // Behind the text: a bit, zeros up to a whole block, and the number of its bits in eight bytes.
  const rest = size - whole;
  const padded = rest < BLOCK - 8 ? BLOCK : 2 * BLOCK;
  memory.fill(tail, 0, 2 * BLOCK);
  memory.copy(tail, ptr + whole, rest);
  store<u8>(tail + rest, 0x80);
  store<u64>(tail + padded - 8, bswap<u64>((<u64>size) << 3));
  for (let at = 0; at < padded; at += BLOCK) hashBlock(tail + at);

  const hex = new ArrayBuffer(40);
  for (let i = 0; i < 40; ++i) {
    const word = load<u32>(digest + ((i >> 3) << 2));
    store<u8>(changetype<usize>(hex) + i, <u8>HEX.charCodeAt((word >> (28 - ((i & 7) << 2))) & 15));
  }
  return hex;
}

function hashBlock(ptr: usize): void {
  for (let i = 0; i < 64; i += 4) store<u32>(words + i, bswap<u32>(load<u32>(ptr + i)));
  for (let i = 64; i < 320; i += 4) {
    const at = words + i;
    store<u32>(
      at,
      rotl<u32>(load<u32>(at - 12) ^ load<u32>(at - 32) ^ load<u32>(at - 56) ^ load<u32>(at - 64), 1),
    );
  }
  let a = load<u32>(digest);
  let b = load<u32>(digest, 4);
  let c = load<u32>(digest, 8);
  let d = load<u32>(digest, 12);
  let e = load<u32>(digest, 16);
  for (let i = 0; i < 80; ++i) {
    let mixed: u32;
    if (i < 20) mixed = ((b & c) | (~b & d)) + 0x5a827999;
    else if (i < 40) mixed = (b ^ c ^ d) + 0x6ed9eba1;
    else if (i < 60) mixed = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    else mixed = (b ^ c ^ d) + 0xca62c1d6;
    const next = rotl<u32>(a, 5) + mixed + e + load<u32>(words + (i << 2));
    e = d;
    d = c;
    c = rotl<u32>(b, 30);
    b = a;
    a = next;
  }
  store<u32>(digest, load<u32>(digest) + a);
  store<u32>(digest, load<u32>(digest, 4) + b, 4);
  store<u32>(digest, load<u32>(digest, 8) + c, 8);
  store<u32>(digest, load<u32>(digest, 12) + d, 12);
  store<u32>(digest, load<u32>(digest, 16) + e, 16);
}
