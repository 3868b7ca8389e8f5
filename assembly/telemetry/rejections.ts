import { defineCounter, incrementMetric } from "../abi/metrics";
import { Bytes, bytesOf, EMPTY, equals } from "../bytes/bytes";
import { ByteTable } from "../bytes/table";
import { isCut, isShown, labelledName, MAX_PART } from "./labelled-name";

/**
 * After this many counters, rejections are counted under the consumer `other`, because consumers come from clients. After twice as
 * many, they are counted under the route and the cluster `other` too. Hosts never forget a metric.
 */
const MAX_COUNTERS = 2048;
/** The average size of a name at which the same happens: 384 KB for all names, and 768 KB including those of `other`. */
const NAME_BYTES = 192;

const METRIC = bytesOf(".token_ratelimit_count");
const OTHER = bytesOf("other");

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
    const isWhole = isShown(consumer) && !isCut(consumer);
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
    const counterName = labelledName(route, cluster, consumer, METRIC);
    const known = this.places.find(counterName.ptr, counterName.length);
    const index = this.ids.length;
    if (known >= 0 || index >= most || <u64>this.places.end >= <u64>most * NAME_BYTES) return known;
    const name = counterName.toBytes();
    this.places.add(name, index);
    this.ids.push(defineCounter(name));
    return index;
  }
}
