import { COLON, COMMA, DOT, LEFT_BRACKET, PERCENT, RIGHT_BRACKET, SPACE, TAB } from "../bytes/ascii";
import { addressOf, Bytes } from "../bytes/bytes";
import { IpAddress, parseAddress } from "../rules/address";

/**
 * The address at the front of `value`: a list such as X-Forwarded-For, whose first element counts, or one address.
 * A port (`1.2.3.4:80`, `[2001:db8::1]:443`), brackets, space around it and a zone (`fe80::1%eth0`) do not count.
 * @returns null if that element is not an address
 */
export function clientAddress(value: Bytes): IpAddress | null {
  let from = addressOf(value);
  let end = from + value.byteLength;
  for (let at = from; at < end; ++at) {
    if (load<u8>(at) == COMMA) end = at;
  }
  while (from < end && isBlank(load<u8>(from))) ++from;
  while (from < end && isBlank(load<u8>(end - 1))) --end;
  if (from == end) return null;

  if (load<u8>(from) == LEFT_BRACKET) {
    const close = find(++from, end, RIGHT_BRACKET);
    if (close == end || (close + 1 < end && load<u8>(close, 1) != COLON)) return null;
    end = find(from, close, PERCENT);
    // Brackets are for IPv6 alone.
    return find(from, end, COLON) == end ? null : parseAddress(from, <i32>(end - from));
  }
  const colon = find(from, end, COLON);
  if (find(from, end, DOT) < colon) end = colon;
  else if (colon < end) end = find(from, end, PERCENT);
  return parseAddress(from, <i32>(end - from));
}

/** Where `byte` stands first, or `end`. */
function find(from: usize, end: usize, byte: u8): usize {
  let at = from;
  while (at < end && load<u8>(at) != byte) ++at;
  return at;
}

// @ts-ignore: decorator
@inline
function isBlank(c: u8): bool {
  return c == SPACE || c == TAB;
}
