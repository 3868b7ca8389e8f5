import { Pool } from "../abi/pool";
import { HeldRequest } from "./held-request";

/** How many are kept for reuse; each has about 2 KB. */
const MAX_IDLE = 16;

// They know nothing of a configuration between two requests.
const idle = new Pool<HeldRequest>(MAX_IDLE);

/** A held request for one stream. Give it to `returnHeld`. */
export function borrowHeld(): HeldRequest {
  const known = idle.take();
  return known !== null ? known : new HeldRequest();
}

/** Takes back a held request that its stream needs no more. */
export function returnHeld(held: HeldRequest): void {
  if (!idle.put(held)) held.dispose();
}
