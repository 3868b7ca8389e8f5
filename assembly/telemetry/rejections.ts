import { defineCounter, incrementMetric } from "../abi/metrics";
import { DEL, SPACE } from "../bytes/ascii";
import { ByteBuilder } from "../bytes/builder";
import { addressOf, Bytes, bytesOf, EMPTY, equals } from "../bytes/bytes";
import { ByteTable } from "../bytes/table";

/**
 * After this many counters, rejections are counted under the consumer `other`, because consumers come from clients. After twice as
 * many, they are counted under the route and the cluster `other` too. Hosts never forget a metric.
 */
const MAX_COUNTERS = 2048;
/** The average size of a name at which the same happens: 384 KB for all names, and 768 KB including those of `other`. */
const NAME_BYTES = 192;
/** The longest route, cluster or consumer that appears in a metric's name, in bytes. */
const MAX_PART = 128;

const ROUTE = bytesOf("route.");
const UPSTREAM = bytesOf(".upstream.");
const CONSUMER = bytesOf(".model.none.consumer.");
const METRIC = bytesOf(".metric.token_ratelimit_count");
/** The text at which Higress' label rules end a consumer. */
const CONSUMER_END = bytesOf(".metric");
const OTHER = bytesOf("other");
const counterName = new ByteBuilder(512, 1 << 10);

/** Counts rejected requests by route, cluster and consumer. The number of counters is bounded, whatever callers send. */
@final
export class Rejections {
  /** The host's ids of the counters; -1 for a counter that the host refused. */
  private readonly ids: i64[] = [];
  /** Maps the name of a counter to its index in `ids`. */
  private readonly places: ByteTable = new ByteTable();
  /** What was counted last, and its index, or -1: a caller above its limit often comes again. */
  private route: Bytes = EMPTY;
  private cluster: Bytes = EMPTY;
  private consumer: Bytes = EMPTY;
  private latest: i32 = -1;

  /**
   * Counts a rejected request under the metric name of the published plugin, which Higress turns into labels. A part that is
   * longer than `MAX_PART`, or has bytes other than printable ASCII, is counted as `other`. So is a consumer that the label rules
   * would cut (`ann.metric`), because it would pass for another consumer.
   */
  count(route: Bytes, cluster: Bytes, consumer: Bytes): void {
    const isLatest =
      equals(consumer, this.consumer) && equals(route, this.route) && equals(cluster, this.cluster);
    const index = isLatest && this.latest >= 0 ? this.latest : this.indexOf(route, cluster, consumer);
    const id = this.ids[index];
    if (id >= 0) incrementMetric(<u32>id, 1);
  }

  private indexOf(route: Bytes, cluster: Bytes, consumer: Bytes): i32 {
    const shownRoute = isShown(route) ? route : OTHER;
    const shownCluster = isShown(cluster) ? cluster : OTHER;
    const isWhole = isShown(consumer) && !holds(consumer, CONSUMER_END);
    let index = this.placeOf(shownRoute, shownCluster, isWhole ? consumer : OTHER, MAX_COUNTERS);
    if (index < 0) index = this.placeOf(shownRoute, shownCluster, OTHER, 2 * MAX_COUNTERS);
    // Clusters may come from clients too, if a route takes the cluster from a header.
    if (index < 0) index = this.placeOf(OTHER, OTHER, OTHER, i32.MAX_VALUE);
    const isShort = max(max(route.byteLength, cluster.byteLength), consumer.byteLength) <= MAX_PART;
    this.latest = isShort ? index : -1;
    if (isShort) {
      this.route = route;
      this.cluster = cluster;
      this.consumer = consumer;
    }
    return index;
  }

  /** The index of a counter, which is created if there are fewer than `most`; otherwise -1. */
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

/** Whether a part of a metric's name appears unchanged. */
function isShown(part: Bytes): bool {
  if (part.byteLength > MAX_PART) return false;
  for (let i = 0; i < part.byteLength; ++i) {
    const c = load<u8>(addressOf(part) + i);
    if (c < SPACE || c >= DEL) return false;
  }
  return true;
}

/** Whether `text`, which must be short, contains `wanted`. */
function holds(text: Bytes, wanted: Bytes): bool {
  const length = wanted.byteLength;
  for (let i = 0; i + length <= text.byteLength; ++i) {
    if (memory.compare(addressOf(text) + i, addressOf(wanted), length) == 0) return true;
  }
  return false;
}
