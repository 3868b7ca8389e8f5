import { DEL, SPACE } from "../bytes/ascii";
import { ByteBuilder } from "../bytes/builder";
import { addressOf, Bytes, bytesOf } from "../bytes/bytes";

/** The longest part that appears in a metric's name, in bytes. */
export const MAX_PART: i32 = 128;

const ROUTE = bytesOf("route.");
const UPSTREAM = bytesOf(".upstream.");
const CONSUMER = bytesOf(".model.none.consumer.");
/** The text at which Higress' label rules end a consumer. */
const METRIC = bytesOf(".metric");
const name = new ByteBuilder(512, 1 << 10);

/**
 * Writes a metric's name of which Higress makes labels: `ai_route`, `ai_cluster`, `ai_model` and `ai_consumer`.
 * @returns the name, valid until the next call
 */
export function labelledName(route: Bytes, cluster: Bytes, consumer: Bytes, metric: Bytes): ByteBuilder {
  name.clear();
  name.bytes(ROUTE).bytes(route).bytes(UPSTREAM).bytes(cluster);
  return name.bytes(CONSUMER).bytes(consumer).bytes(METRIC).bytes(metric);
}

/** Whether a part of a metric's name appears unchanged: it is short, and printable ASCII. */
export function isShown(part: Bytes): bool {
  if (part.byteLength > MAX_PART) return false;
  for (let i = 0; i < part.byteLength; ++i) {
    const c = load<u8>(addressOf(part) + i);
    if (c < SPACE || c >= DEL) return false;
  }
  return true;
}

/** Whether a short part would be cut where the label rules end a consumer, and so pass for another one (`ann.metric`). */
export function isCut(part: Bytes): bool {
  const length = METRIC.byteLength;
  for (let i = 0; i + length <= part.byteLength; ++i) {
    if (memory.compare(addressOf(part) + i, addressOf(METRIC), length) == 0) return true;
  }
  return false;
}
