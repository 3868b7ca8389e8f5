import { COLON, COMMA, DOT, isBlank, LEFT_BRACKET, PERCENT, RIGHT_BRACKET } from "../bytes/ascii";
import { addressOf, Bytes } from "../bytes/bytes";
import { IpAddress, parseAddress } from "../net/address";
import { CidrTable } from "../net/cidr-table";

/**
 * The first address in `value`, which is one address or a list such as X-Forwarded-For.
 * A port (`1.2.3.4:80`, `[2001:db8::1]:443`), brackets, surrounding blanks and a zone (`fe80::1%eth0`) are ignored.
 * @returns null if the first element is not an address
 */
export function clientAddress(value: Bytes): IpAddress | null {
  const from = addressOf(value);
  return elementAddress(from, find(from, from + value.byteLength, COMMA));
}

/**
 * The last address in a list that is not `trusted`; the first one if all are trusted. Each proxy appends the peer that it
 * saw, so entries before the last untrusted address may be forged. If an element in front of trusted ones is not an address
 * (`unknown`, or an obfuscated name of RFC 7239), the proxy after it represents all its clients.
 * @returns null if the last element is not an address
 */
export function untrustedAddress(value: Bytes, trusted: CidrTable): IpAddress | null {
  const start = addressOf(value);
  let end = start + value.byteLength;
  let behind: IpAddress | null = null;
  while (true) {
    let from = end;
    while (from > start && load<u8>(from - 1) != COMMA) --from;
    const address = elementAddress(from, end);
    if (address === null) return behind;
    if (from == start || trusted.find(address) < 0) return address;
    behind = address;
    end = from - 1;
  }
}

/** The address in one element of a list; null if it is not one. */
function elementAddress(first: usize, last: usize): IpAddress | null {
  let from = first;
  let end = last;
  while (from < end && isBlank(load<u8>(from))) ++from;
  while (from < end && isBlank(load<u8>(end - 1))) --end;
  if (from == end) return null;

  if (load<u8>(from) == LEFT_BRACKET) {
    const close = find(++from, end, RIGHT_BRACKET);
    if (close == end || (close + 1 < end && load<u8>(close, 1) != COLON)) return null;
    end = find(from, close, PERCENT);
    // Only IPv6 addresses have brackets.
    return find(from, end, COLON) == end ? null : parseAddress(from, <i32>(end - from));
  }
  const colon = find(from, end, COLON);
  if (find(from, end, DOT) < colon) end = colon;
  else if (colon < end) end = find(from, end, PERCENT);
  return parseAddress(from, <i32>(end - from));
}

/** The address of the first `byte`, or `end`. */
function find(from: usize, end: usize, byte: u8): usize {
  let at = from;
  while (at < end && load<u8>(at) != byte) ++at;
  return at;
}
