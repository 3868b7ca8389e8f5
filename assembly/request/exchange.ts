import { getHeader } from "../abi/headers";
import { getProperty } from "../abi/properties";
import { HeaderMapType } from "../abi/types";
import { addressOf, bytesOf } from "../bytes/bytes";

/*
 * What the host tells about the exchange of the current stream with its upstream. The properties are Envoy's attributes:
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes
 */

const STATUS = bytesOf(":status");
const CODE_DETAILS = bytesOf("response\0code_details");
/** The address of the host that was chosen, and ours of the connection to it, once that stood. */
const UPSTREAM = bytesOf("upstream\0address");
const CONNECTED = bytesOf("upstream\0local_address");

/** The status of the response; 0 if it is not of three digits. */
export function statusOfResponse(): i32 {
  const status = getHeader(HeaderMapType.HttpResponseHeaders, STATUS);
  if (status === null || status.byteLength != 3) return 0;
  const at = addressOf(status);
  return <i32>load<u8>(at) * 100 + <i32>load<u8>(at, 1) * 10 + <i32>load<u8>(at, 2) - 0x30 * 111;
}

/**
 * Whether the request may have reached an upstream: it did not if the host answered in its place, or if the caller left
 * before there was a connection. A host that tells nothing of it leaves that possible.
 */
export function mayHaveReachedUpstream(): bool {
  if (getProperty(CONNECTED) !== null) return true;
  return getProperty(CODE_DETAILS) === null && getProperty(UPSTREAM) === null;
}
