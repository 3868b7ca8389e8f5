import { defineCounter, incrementCounter } from "../abi/metrics";
import { DEL, SPACE } from "../bytes/ascii";
import { ByteBuilder } from "../bytes/builder";
import { addressOf, Bytes, bytesOf } from "../bytes/bytes";
import { ByteTable } from "../bytes/table";

/**
 * More different rejection counters than that are counted under the consumer `other`, since consumers come from clients;
 * more than twice as many under the route and the cluster `other` too. No host ever forgets a metric.
 */
const MAX_COUNTERS = 2048;
/** What a name may take on average before the same happens: 384 KB for all of them, and 768 KB with those of `other`. */
const NAME_BYTES = 192;
/** The longest route, cluster or consumer that appears in a metric's name, in bytes. */
const MAX_PART = 128;

const ROUTE = bytesOf("route.");
const UPSTREAM = bytesOf(".upstream.");
const CONSUMER = bytesOf(".model.none.consumer.");
const METRIC = bytesOf(".metric.token_ratelimit_count");
/** Where Higress' rules for labels see the end of a consumer. */
const CONSUMER_END = bytesOf(".metric");
const OTHER = bytesOf("other");
const counterName = new ByteBuilder(512, 1 << 10);

/** Counts rejected requests by route, cluster and consumer; bounded, whatever callers send. */
@final
export class Rejections {
  /** The host's numbers of the counters; -1 for one that it refused. */
  private readonly ids: i64[] = [];
  /** From the name of a counter to its place in `ids`. */
  private readonly places: ByteTable = new ByteTable();

  /**
   * A rejected request, under the name of the published plugin, which Higress turns into labels. A part that is longer
   * than `MAX_PART`, or not of printable ASCII, is counted as `other`; so is a consumer that would end early in the eyes of
   * those who read the labels (`ann.metric`), and pass for another.
   */
  count(route: Bytes, cluster: Bytes, consumer: Bytes): void {
    const shownRoute = isShown(route) ? route : OTHER;
    const shownCluster = isShown(cluster) ? cluster : OTHER;
    const isWhole = isShown(consumer) && !holds(consumer, CONSUMER_END);
    let index = this.placeOf(shownRoute, shownCluster, isWhole ? consumer : OTHER, MAX_COUNTERS);
    if (index < 0) index = this.placeOf(shownRoute, shownCluster, OTHER, 2 * MAX_COUNTERS);
    // Clusters may come from clients too, where routes name a header for them.
    if (index < 0) index = this.placeOf(OTHER, OTHER, OTHER, i32.MAX_VALUE);
    const id = this.ids[index];
    if (id >= 0) incrementCounter(<u32>id, 1);
  }

  /** The place of a counter, which is made if there are fewer than `most` of them; else -1. */
  private placeOf(route: Bytes, cluster: Bytes, consumer: Bytes, most: i32): i32 {
    writeName(route, cluster, consumer);
    const known = this.places.find(counterName.ptr, counterName.length);
    const index = this.ids.length;
    if (known >= 0 || index >= most || <u64>this.places.end >= <u64>most * NAME_BYTES) return known;
    const name = counterName.toBytes();
    this.places.add(name, index);
    this.ids.push(defineCounter(name));
    return index;
  }
}

function writeName(route: Bytes, cluster: Bytes, consumer: Bytes): void {
  counterName.clear();
  counterName.bytes(ROUTE).bytes(route).bytes(UPSTREAM).bytes(cluster);
  counterName.bytes(CONSUMER).bytes(consumer).bytes(METRIC);
}

/** Whether a part of a metric's name is shown as it is. */
function isShown(part: Bytes): bool {
  if (part.byteLength > MAX_PART) return false;
  for (let i = 0; i < part.byteLength; ++i) {
    const c = load<u8>(addressOf(part) + i);
    if (c < SPACE || c >= DEL) return false;
  }
  return true;
}

/** Whether a short text holds another. */
function holds(text: Bytes, wanted: Bytes): bool {
  const length = wanted.byteLength;
  for (let i = 0; i + length <= text.byteLength; ++i) {
    if (memory.compare(addressOf(text) + i, addressOf(wanted), length) == 0) return true;
  }
  return false;
}
