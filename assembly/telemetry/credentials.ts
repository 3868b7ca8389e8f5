import { getHeader } from "../abi/headers";
import { HeaderMapType } from "../abi/types";
import { bytesOf } from "../bytes/bytes";

/** The headers in which clients send credentials. */
const CREDENTIALS: string[] = ["authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie"];

/** The names of those that the current request has; "" if it has none. */
export function credentialsSent(): string {
  let has = "";
  for (let i = 0; i < CREDENTIALS.length; ++i) {
    if (getHeader(HeaderMapType.HttpRequestHeaders, bytesOf(CREDENTIALS[i])) === null) continue;
    if (has.length > 0) has += ", ";
    has += CREDENTIALS[i];
  }
  return has;
}
