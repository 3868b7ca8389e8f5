import { Status } from "./types";

// @ts-ignore: decorator
@external("env", "proxy_done")
declare function proxy_done(): u32;

/** Tells the host that a root context, whose `RootContext.onDone` returned false, is now done. */
export function done(): Status {
  return proxy_done();
}
