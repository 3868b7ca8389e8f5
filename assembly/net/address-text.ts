import { SLASH } from "../bytes/ascii";
import { ByteBuilder } from "../bytes/builder";
import { Bytes } from "../bytes/bytes";
import { IpAddress, v4 } from "./address";

/** The prefix length of a whole IPv6 address. */
export const WHOLE_ADDRESS: i32 = 128;

/** 2002::/16, RFC 3056, 2. The IPv4 address of the site follows it. */
const SIX_TO_FOUR: u64 = 0x2002;
/** 64:ff9b::/96, RFC 6052, 2.1. The IPv4 address of the client follows it. */
const TRANSLATED: u64 = 0x0064ff9b00000000;

const text = new ByteBuilder(48);

/**
 * The text by which a client's counter is named: its address or, if only the first `prefix` bits of an IPv6 address distinguish
 * clients, that block, as in `2001:db8:1:2::/64`. In that case, an IPv6 address that embeds an IPv4 address counts as the latter:
 * otherwise all IPv4 clients behind a translator would be one block, and each 6to4 site would have 65,536 blocks of 64 bits.
 */
export function addressText(address: IpAddress, prefix: i32): Bytes {
  if (prefix >= WHOLE_ADDRESS || address.isV4) return address.text();
  if (address.high == TRANSLATED && address.low >> 32 == 0) return v4(<u32>address.low).text();
  if (address.high >> 48 == SIX_TO_FOUR) return v4(<u32>(address.high >> 16)).text();
  const high = prefix >= 64 ? address.high : address.high & ~(u64.MAX_VALUE >> (<u64>prefix));
  const low = prefix > 64 ? address.low & ~(u64.MAX_VALUE >> (<u64>(prefix - 64))) : 0;
  text.clear();
  return text.bytes(new IpAddress(high, low).text()).byte(SLASH).decimal(prefix).toBytes();
}
