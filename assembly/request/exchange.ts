import { borrowHeader } from "../abi/headers";
import { borrowedSize, release } from "../abi/memory";
import { getProperty } from "../abi/properties";
import { HeaderMapType } from "../abi/types";
import { bytesOf } from "../bytes/bytes";

/*
 * What the host reports about the current stream's exchange with its upstream. The properties are Envoy's attributes:
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes
 */

const STATUS = bytesOf(":status");
const CODE_DETAILS = bytesOf("response\0code_details");
/** The address of the chosen upstream host, and our own address on the connection to it, once that is established. */
const UPSTREAM = bytesOf("upstream\0address");
const CONNECTED = bytesOf("upstream\0local_address");

/** The status of the response; 0 if it does not have three characters. */
export function statusOfResponse(): i32 {
  const at = borrowHeader(HeaderMapType.HttpResponseHeaders, STATUS);
  if (at == 0) return 0;
  const isStatus = borrowedSize() == 3;
  const status = isStatus
    ? <i32>load<u8>(at) * 100 + <i32>load<u8>(at, 1) * 10 + load<u8>(at, 2) - 0x30 * 111
    : 0;
  release(at);
  return status;
}

/**
 * Whether the request may have reached an upstream. It has not if the host answered instead, or if the caller left before
 * there was a connection. If the host does not say, the answer is yes.
 */
export function mayHaveReachedUpstream(): bool {
  if (getProperty(CONNECTED) !== null) return true;
  return getProperty(CODE_DETAILS) === null && getProperty(UPSTREAM) === null;
}
