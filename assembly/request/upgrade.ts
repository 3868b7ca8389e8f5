import { borrowHeader, getHeader, removeHeader } from "../abi/headers";
import { borrowedSize, release } from "../abi/memory";
import { HeaderMapType } from "../abi/types";
import { COMMA, isBlank, toLower } from "../bytes/ascii";
import { addressOf, Bytes, bytesOf, equals } from "../bytes/bytes";

const STATUS = bytesOf(":status");
const SWITCHING_PROTOCOLS = bytesOf("101");
const METHOD = bytesOf(":method");
const GET = bytesOf("GET");
const UPGRADE = bytesOf("upgrade");
const WEBSOCKET = bytesOf("websocket");
const EXTENSIONS = bytesOf("sec-websocket-extensions");

/** The protocol that a connection has changed to. */
export const enum Upgrade {
  /** It is still HTTP. */
  None,
  WebSocket,
  /** A protocol that the filter cannot read. */
  Other,
}

/** Removes WebSocket extensions from the request: deflated messages could not be read. */
export function prepareUpgrade(): void {
  removeHeader(HeaderMapType.HttpRequestHeaders, EXTENSIONS);
}

/**
 * Whether the request that asks for an upgrade can be the handshake of a WebSocket: a GET (RFC 6455, section 4.1; hosts show that of
 * HTTP/2 as one). Servers may ignore what any other one asks for, and answer it as a call.
 */
export function isHandshake(): bool {
  const method = getHeader(HeaderMapType.HttpRequestHeaders, METHOD);
  return method !== null && equals(method, GET);
}

/** The protocol that the response changes the connection to. Its headers must have arrived. */
export function upgraded(): Upgrade {
  const status = getHeader(HeaderMapType.HttpResponseHeaders, STATUS);
  if (status === null || !equals(status, SWITCHING_PROTOCOLS)) return Upgrade.None;
  const value = borrowHeader(HeaderMapType.HttpResponseHeaders, UPGRADE);
  const isWebSocket = value != 0 && names(value, borrowedSize(), WEBSOCKET);
  release(value);
  return isWebSocket ? Upgrade.WebSocket : Upgrade.Other;
}

/** Whether the list in the `len` bytes at `ptr` has `token`, given in lower case. */
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
