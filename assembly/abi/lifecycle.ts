import { Status } from "./types";

// @ts-ignore: decorator
@external("env", "proxy_done")
declare function proxy_done(): u32;

/** Tells the host that a root context, which was not done when it was asked (`RootContext.onDone`), now is. */
export function done(): Status {
  return proxy_done();
}
