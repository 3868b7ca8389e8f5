import { borrowHeader, getHeader, removeHeader } from "../abi/headers";
import { borrowedSize, release } from "../abi/memory";
import { HeaderMapType } from "../abi/types";
import { COMMA, isBlank, toLower } from "../bytes/ascii";
import { addressOf, Bytes, bytesOf, equals } from "../bytes/bytes";

const STATUS = bytesOf(":status");
const SWITCHING_PROTOCOLS = bytesOf("101");
const UPGRADE = bytesOf("upgrade");
const WEBSOCKET = bytesOf("websocket");
const EXTENSIONS = bytesOf("sec-websocket-extensions");

/** What a connection has become. */
export const enum Upgrade {
  /** Nothing else: the response is one of HTTP. */
  None,
  WebSocket,
  /** Something that cannot be read here. */
  Other,
}

/** Takes extensions out of the request: what they deflate could not be read. */
export function prepareUpgrade(): void {
  removeHeader(HeaderMapType.HttpRequestHeaders, EXTENSIONS);
}

/** What the connection becomes by the response whose headers have arrived. */
export function upgraded(): Upgrade {
  const status = getHeader(HeaderMapType.HttpResponseHeaders, STATUS);
  if (status === null || !equals(status, SWITCHING_PROTOCOLS)) return Upgrade.None;
  const value = borrowHeader(HeaderMapType.HttpResponseHeaders, UPGRADE);
  const isWebSocket = value != 0 && names(value, borrowedSize(), WEBSOCKET);
  release(value);
  return isWebSocket ? Upgrade.WebSocket : Upgrade.Other;
}

/** Whether `token`, in lower case, is one of the list in the `len` bytes at `ptr`. */
function names(ptr: usize, len: i32, token: Bytes): bool {
  const end = ptr + len;
  let at = ptr;
  while (at < end) {
    while (at < end && (isBlank(load<u8>(at)) || load<u8>(at) == COMMA)) ++at;
    let i = 0;
    while (at < end && i < token.byteLength && toLower(load<u8>(at)) == load<u8>(addressOf(token) + i)) {
      ++at;
      ++i;
    }
    while (at < end && isBlank(load<u8>(at))) ++at;
    if (i == token.byteLength && (at == end || load<u8>(at) == COMMA)) return true;
    while (at < end && load<u8>(at) != COMMA) ++at;
  }
  return false;
}
