import { getHeader, removeHeader, replaceHeader } from "../../abi/headers";
import { HeaderMapType, Status } from "../../abi/types";
import { ByteBuilder } from "../../bytes/builder";
import { bytesOf } from "../../bytes/bytes";
import { Demand } from "../../ledger/demand";
import { appendLimitPath } from "../../ledger/limit-path";

const EXCEEDED = bytesOf("x-ratelimit-exceeded");
const REQUEST = HeaderMapType.HttpRequestHeaders;
const rule = new ByteBuilder(64);

/**
 * The mark of calls that pass although they are above a limit (`on_limit: header`): a request header by which the host chooses
 * their route anew. Where it is in use, nobody else may set it, whichever configuration applies to a request.
 */
@final
export class Mark {
  /** Whether a configuration of this root context uses it, or has done so. */
  isInUse: bool = false;
}

/** Marks the current request with a row's limit. @returns false if its headers have gone ahead */
export function markRequest(demand: Demand, row: i32): bool {
  rule.clear();
  appendLimitPath(rule, demand, row);
  // Hosts forget the route when a header of the request changes, unless they were told to keep it.
  return replaceHeader(REQUEST, EXCEEDED, rule.toBytes()) == Status.Ok;
}

/** Removes the mark from the current request. @returns whether it had one, which its client has set */
export function removeMark(): bool {
  if (getHeader(REQUEST, EXCEEDED) === null) return false;
  removeHeader(REQUEST, EXCEEDED);
  return true;
}
