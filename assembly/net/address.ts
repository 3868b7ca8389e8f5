import { COLON, DIGIT_0, DOT, hexValue, isDigit } from "../bytes/ascii";
import { Bytes, copyOf } from "../bytes/bytes";

/**
 * An IP address as 128 bits, most significant first. IPv4 is the block ::ffff:0:0/96 (RFC 4291, 2.5.5.2), so an IPv4-mapped
 * address *is* the IPv4 address.
 */
@final
export class IpAddress {
  constructor(
    readonly high: u64,
    readonly low: u64,
  ) {}

  get isV4(): bool {
    return this.high == 0 && this.low >> 32 == 0xffff;
  }

  /** Dotted decimal for IPv4, RFC 5952 for IPv6 (lower case, the first longest run of zero groups as `::`). */
  text(): Bytes {
    return this.isV4 ? textOfV4(<u32>this.low) : textOfV6(this.high, this.low);
  }
}

/** The 128-bit form of an IPv4 address. */
export function v4(bits: u32): IpAddress {
  return new IpAddress(0, ((<u64>0xffff) << 32) | bits);
}

/**
 * Reads an address that fills the `len` bytes at `ptr`: four decimal octets, or the forms of RFC 4291, 2.2. No port,
 * brackets, zone or spaces.
 * @param leadingZeros whether `010.0.0.1` is `10.0.0.1`; by default it is refused, because some parsers read it as octal
 */
export function parseAddress(ptr: usize, len: i32, leadingZeros: bool = false): IpAddress | null {
  for (let i = 0; i < len; ++i) {
    const c = load<u8>(ptr + i);
    if (c == COLON) return parseV6(ptr, len, leadingZeros);
    if (c == DOT) break;
  }
  const bits = parseV4(ptr, len, leadingZeros);
  return bits < 0 ? null : v4(<u32>bits);
}

/** The 32 bits of a dotted IPv4 address, or -1. */
function parseV4(ptr: usize, len: i32, leadingZeros: bool): i64 {
  let bits: i64 = 0;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  for (let i = 0; i < len; ++i) {
    const c = load<u8>(ptr + i);
    if (c == DOT) {
      if (digits == 0 || ++dots > 3) return -1;
      bits = (bits << 8) | octet;
      octet = digits = 0;
    } else {
      if (!isDigit(c) || (digits > 0 && octet == 0 && !leadingZeros)) return -1;
      octet = octet * 10 + (c - DIGIT_0);
      if (octet > 255) return -1;
      ++digits;
    }
  }
  return dots == 3 && digits > 0 ? (bits << 8) | octet : -1;
}

/** The eight groups of the IPv6 address that is being read or written. */
const groups = memory.data(16);

// @ts-ignore: decorator
@inline
function group(index: i32): i32 {
  return <i32>load<u16>(groups + (index << 1));
}

// @ts-ignore: decorator
@inline
function setGroup(index: i32, value: i32): void {
  store<u16>(groups + (index << 1), <u16>value);
}

function parseV6(ptr: usize, len: i32, leadingZeros: bool): IpAddress | null {
  const end = ptr + len;
  let at = ptr;
  let count = 0; // groups read
  let gap = -1; // how many of them stand before "::"
  if (len >= 2 && load<u16>(ptr) == 0x3a3a) {
    gap = 0;
    at += 2;
  }
  while (at < end) {
    if (count == 8) return null;
    const start = at;
    let value = 0;
    for (; at < end && at < start + 5; ++at) {
      const digit = hexValue(load<u8>(at));
      if (digit < 0) break;
      value = (value << 4) | digit;
    }
    if (at < end && load<u8>(at) == DOT) {
      const bits = parseV4(start, <i32>(end - start), leadingZeros);
      if (bits < 0 || count > 6) return null;
      setGroup(count++, <i32>(bits >> 16));
      setGroup(count++, <i32>(bits & 0xffff));
      break;
    }
    if (at == start || at > start + 4) return null;
    setGroup(count++, value);
    if (at == end) break;
    // A colon must be followed by another group, or by the second colon of the only "::".
    if (load<u8>(at++) != COLON || at == end) return null;
    if (load<u8>(at) == COLON) {
      if (gap >= 0) return null;
      gap = count;
      ++at;
    }
  }
  if (gap < 0 ? count < 8 : count == 8) return null;
  if (gap >= 0) {
    const tail = count - gap;
    memory.copy(groups + ((8 - tail) << 1), groups + (gap << 1), tail << 1);
    memory.fill(groups + (gap << 1), 0, (8 - count) << 1);
  }
  return new IpAddress(half(0), half(4));
}

/** Four groups from `first` on, as one number. */
function half(first: i32): u64 {
  let bits: u64 = 0;
  for (let i = first; i < first + 4; ++i) bits = (bits << 16) | (<u64>group(i));
  return bits;
}

/** Room for the longest text: eight groups of four digits and seven colons. */
const scratch = memory.data(40);

function textOfV4(bits: u32): Bytes {
  let at = scratch;
  for (let shift = 24; shift >= 0; shift -= 8) {
    if (at > scratch) store<u8>(at++, DOT);
    at = writeOctet(at, (bits >> shift) & 0xff);
  }
  return copyOf(scratch, <i32>(at - scratch));
}

/** Writes a number below 256 in decimal. @returns the address after it */
function writeOctet(ptr: usize, value: u32): usize {
  let at = ptr;
  let rest = value;
  if (value >= 100) {
    store<u8>(at++, DIGIT_0 + value / 100);
    rest = value % 100;
  }
  if (value >= 10) store<u8>(at++, DIGIT_0 + rest / 10);
  store<u8>(at, DIGIT_0 + (rest % 10));
  return at + 1;
}

function textOfV6(high: u64, low: u64): Bytes {
  for (let i = 0; i < 4; ++i) {
    setGroup(i, <i32>((high >> (48 - 16 * i)) & 0xffff));
    setGroup(i + 4, <i32>((low >> (48 - 16 * i)) & 0xffff));
  }
  // The first longest run of at least two zero groups.
  let gap = -1;
  let gapLength = 1;
  for (let i = 0; i < 8; ++i) {
    let length = 0;
    while (i + length < 8 && group(i + length) == 0) ++length;
    if (length > gapLength) {
      gap = i;
      gapLength = length;
    }
    i += length;
  }
  let at = scratch;
  for (let i = 0; i < 8; ++i) {
    if (i == gap) {
      store<u16>(at, 0x3a3a);
      at += 2;
      i += gapLength - 1;
      continue;
    }
    if (at > scratch && load<u8>(at - 1) != COLON) store<u8>(at++, COLON);
    at = writeHex(at, group(i));
  }
  return copyOf(scratch, <i32>(at - scratch));
}

/** Writes `value` in lower-case hexadecimal without leading zeros. @returns the address after it */
function writeHex(ptr: usize, value: i32): usize {
  let at = ptr;
  for (let shift = 12; shift >= 0; shift -= 4) {
    const digit = (value >> shift) & 0xf;
    if (digit == 0 && at == ptr && shift > 0) continue;
    store<u8>(at++, <u8>(digit < 10 ? DIGIT_0 + digit : 0x61 - 10 + digit));
  }
  return at;
}
