import { LEFT_BRACE, RIGHT_BRACE } from "../bytes/ascii";
import { indexOfByte } from "../bytes/bytes";

/**
 * The checksum by which Redis Cluster places a key, CRC-16/XMODEM of its hash tag, or of the whole key if it has none:
 * https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags
 * Its lower 14 bits are the slot.
 */
export function keyChecksum(ptr: usize, len: i32): u32 {
  const open = indexOfByte(ptr, len, LEFT_BRACE, 0);
  const close = open < 0 ? -1 : indexOfByte(ptr, len, RIGHT_BRACE, open + 1);
  // An empty tag is none.
  return close > open + 1 ? checksum(ptr + open + 1, close - open - 1) : checksum(ptr, len);
}

/** CRC-16/XMODEM, four bytes at a time, and then one by one. */
function checksum(ptr: usize, len: i32): u32 {
  const end = ptr + len;
  let crc: u32 = 0;
  let at = ptr;
  for (; at + 4 <= end; at += 4) {
    const bytes = load<u32>(at);
    crc =
      changeBy((crc >> 8) ^ (bytes & 255), 3) ^
      changeBy((crc & 255) ^ ((bytes >> 8) & 255), 2) ^
      changeBy((bytes >> 16) & 255, 1) ^
      changeBy(bytes >> 24, 0);
  }
  for (; at < end; ++at) crc = next(crc, load<u8>(at));
  return crc;
}

/** The checksum after one more byte. */
function next(crc: u32, byte: u32): u32 {
  let x = (crc >> 8) ^ byte;
  x ^= x >> 4;
  return ((crc << 8) ^ (x << 12) ^ (x << 5) ^ x) & 0xffff;
}

/** For each byte, the checksum of it alone, and of it and 1, 2 and 3 bytes of 0, as u16. */
const CHANGES_BY: usize = memory.data(4 * 256 * 2);

for (let byte: u32 = 0; byte < 256; ++byte) {
  let crc = next(0, byte);
  for (let behind = 0; behind < 4; ++behind) {
    store<u16>(CHANGES_BY + ((behind * 256 + byte) << 1), <u16>crc);
    crc = next(crc, 0);
  }
}

// @ts-ignore: decorator
@inline
function changeBy(byte: u32, behind: u32): u32 {
  return load<u16>(CHANGES_BY + ((behind * 256 + byte) << 1));
}

/** The text `@@@@`, as a number that begins with its first byte, and its checksum. */
const PLAIN: u32 = 0x40404040;
const PLAIN_CHECKSUM: u32 = 0x3639;

/**
 * For each bit of the checksum, lowest first, the bits of the text that change it and no other. Such a checksum is linear:
 * the bits that may change, the lower four of each byte and one more of the last, were put through it one by one, and the
 * equations solved for the bits of the result. A test goes through all 65,536.
 */
const CHANGES: StaticArray<u32> = [
  0x010a0f0a, 0x080a0220, 0x00050523, 0x0e08090b, 0x070d0e03, 0x010b0e28, 0x060a0329, 0x0809090a, 0x0b0f0e01,
  0x02020008, 0x010b0e0a, 0x08080020, 0x00010123, 0x0e00010b, 0x02020228, 0x05070702,
];

/**
 * A text of four bytes, of the letters `@`, `A` to `O`, `` ` `` and `a` to `o`, whose checksum is this one: as a hash tag
 * it leads a key to where another key is, whatever that is called.
 * @returns the text as a number that begins with its first byte
 */
export function tagWithChecksum(checksum: u32): u32 {
  let text = PLAIN;
  // The checksum has 16 bits, and so has CHANGES.
  for (let bits = (checksum ^ PLAIN_CHECKSUM) & 0xffff; bits != 0; bits &= bits - 1) {
    text ^= unchecked(CHANGES[<i32>ctz(bits)]);
  }
  return text;
}
