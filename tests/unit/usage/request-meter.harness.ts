import "../../../assembly/abi/abort";
import { seedPlaces } from "../../../assembly/estimate/places";
import { RequestMeter } from "../../../assembly/estimate/request-meter";

/** One for all requests, as in the filter: whatever a body leaves behind must not show in the next one. */
const meter = new RequestMeter();

/** The estimate for a body that is fed in pieces of `size` bytes, and looked at in places that depend on `seed`. */
export function tokens(body: ArrayBuffer, size: i32, seed: i32, reserves: bool = false): i64 {
  seedPlaces(seed);
  meter.begin();
  meter.reserves = reserves;
  for (let from = 0; from < body.byteLength; from += size) {
    const length = min(size, body.byteLength - from);
    const piece = heap.alloc(length);
    memory.copy(piece, changetype<usize>(body) + from, length);
    meter.feed(piece, length);
    memory.fill(piece, 0x22, length);
    heap.free(piece);
  }
  return meter.tokens;
}
