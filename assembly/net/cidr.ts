import { COLON, isDigit, SLASH } from "../bytes/ascii";
import { addressOf, Bytes, indexOf } from "../bytes/bytes";
import { parseInteger } from "../bytes/decimal";
import { IpAddress, parseAddress } from "./address";

/** A block of addresses: those whose first `bits` bits equal the ones of `first`. */
@final
export class Cidr {
  /** The lowest and the highest address of the block. */
  readonly first: IpAddress;
  readonly last: IpAddress;

  /** @param bits 0 to 128; the bits of `address` after them are ignored */
  constructor(
    address: IpAddress,
    readonly bits: i32,
  ) {
    const high = hostMask(bits);
    const low = hostMask(bits - 64);
    this.first = new IpAddress(address.high & ~high, address.low & ~low);
    this.last = new IpAddress(address.high | high, address.low | low);
  }

  /** Whether the block contains all addresses of both families. */
  get isEveryone(): bool {
    return this.bits == 0;
  }
}

/** 64 bits, with all but the first `bits` set. */
function hostMask(bits: i32): u64 {
  return bits <= 0 ? u64.MAX_VALUE : bits >= 64 ? 0 : u64.MAX_VALUE >> bits;
}

/**
 * Reads an address, or a block in CIDR notation, from a configuration. Host bits are ignored, `010.0.0.1` is `10.0.0.1` as in the
 * published plugin, and IPv4-mapped IPv6 is IPv4. A block with the mask `/0` contains everyone: the published plugin, which keeps
 * both families in one tree, matches IPv6 clients with `0.0.0.0/0` and IPv4 clients with `::/0`, and its documentation recommends
 * the former as the fallback for all clients.
 * @returns null for anything else, such as a block whose mask is empty or too long
 */
export function parseCidr(text: Bytes): Cidr | null {
  const ptr = addressOf(text);
  const slash = indexOf(text, SLASH);
  const address = parseAddress(ptr, slash < 0 ? text.byteLength : slash, true);
  if (address === null) return null;
  if (slash < 0) return new Cidr(address, 128);

  const bits = parseMask(ptr + slash + 1, text.byteLength - slash - 1);
  // The mask of an IPv4-mapped address counts 128 bits only if the address is written as IPv6.
  const dotted = address.isV4 && indexOf(text, COLON) < 0;
  if (bits < 0 || bits > (dotted ? 32 : 128)) return null;
  return new Cidr(address, dotted && bits > 0 ? 96 + bits : bits);
}

/** One to three digits, or -1. */
function parseMask(ptr: usize, len: i32): i32 {
  return len >= 1 && len <= 3 && isDigit(load<u8>(ptr)) ? <i32>max<i64>(parseInteger(ptr, len), -1) : -1;
}
