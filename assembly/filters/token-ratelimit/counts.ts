import { defineCounter, incrementCounter } from "../../abi/metrics";
import { DEL, SPACE } from "../../bytes/ascii";
import { ByteBuilder } from "../../bytes/builder";
import { addressOf, Bytes, bytesOf } from "../../bytes/bytes";
import { ByteTable } from "../../bytes/table";
import { Failure } from "../../redis/transport";

/**
 * More different rejection counters than that are counted under the consumer `other`, since consumers come from clients;
 * more than twice as many under the route and the cluster `other` too. No host ever forgets a metric.
 */
const MAX_REJECTION_COUNTERS = 2048;
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
const rejectionName = new ByteBuilder(512, 1 << 10);

/** Names of the values of `Failure`, in their order. */
const FAILURES: string[] = [
  "none",
  "unknown_cluster",
  "not_sent",
  "network",
  "authentication",
  "error_reply",
  "redirected",
  "malformed",
];

/** What the filter counts, as proxy-wasm metrics. A metric is defined when it is first needed. */
@final
export class Counts {
  private chargedTokens: Counter = counter("charged_tokens");
  private lostTokens: Counter = counter("lost_tokens");
  private estimatedTokens: Counter = counter("estimated_tokens");
  private clampedUsages: Counter = counter("clamped_usages");
  private compressedResponses: Counter = counter("compressed_responses");
  private unreadableResponses: Counter = counter("unreadable_responses");
  private closedConnections: Counter = counter("closed_connections");
  private refusedUpgrades: Counter = counter("refused_upgrades");
  private uncheckedRequests: Counter = counter("unchecked_requests");
  private ambiguousRequests: Counter = counter("ambiguous_requests");
  private unmatchedRequests: Counter = counter("unmatched_requests");
  private unidentifiedRequests: Counter = counter("unidentified_requests");
  /** By `Failure`. */
  private redisFailures: Counter[] = FAILURES.map<Counter>((name) => counter(`redis_failures.${name}`));
  /** The host's numbers of the rejection counters; -1 for one that it refused. */
  private rejections: i64[] = [];
  /** From the name of a rejection counter to its place in `rejections`. */
  private rejectionIndex: ByteTable = new ByteTable();

  /** Requests that no rule limits, and requests that lack what a rule looks at. */
  unmatched(requests: i64, unidentified: i64): void {
    if (requests > 0) this.unmatchedRequests.add(requests);
    if (unidentified > 0) this.unidentifiedRequests.add(unidentified);
  }

  /** Tokens that Redis has counted. */
  charged(tokens: i64): void {
    this.chargedTokens.add(tokens);
  }

  /** Tokens that were consumed and that Redis could not be told of. */
  lost(tokens: i64): void {
    this.lostTokens.add(tokens);
  }

  /** Tokens charged for calls that did not report their usage; among those charged. */
  estimated(tokens: i64): void {
    this.estimatedTokens.add(tokens);
  }

  /** A response whose usage made no sense and was put in range. */
  clampedUsage(): void {
    this.clampedUsages.add(1);
  }

  /** A successful response that reported nothing, and of which something could not be read although it was not compressed. */
  unreadableResponse(): void {
    this.unreadableResponses.add(1);
  }

  /** A response that could not be read because it was compressed. */
  compressedResponse(): void {
    this.compressedResponses.add(1);
  }

  /** A WebSocket that was closed because its caller had come above a limit. */
  closedConnection(): void {
    this.closedConnections.add(1);
  }

  /** A request for an upgrade that was refused (`upgrade: refuse`). */
  refusedUpgrade(): void {
    this.refusedUpgrades.add(1);
  }

  /** A request that passed because Redis could not be asked. */
  unchecked(): void {
    this.uncheckedRequests.add(1);
  }

  /** A request that was refused because nobody can tell whose it is. */
  ambiguous(): void {
    this.ambiguousRequests.add(1);
  }

  redisFailure(failure: Failure): void {
    this.redisFailures[failure].add(1);
  }

  /**
   * A rejected request, under the name of the published plugin, which Higress turns into labels. A part that is longer
   * than `MAX_PART`, or not of printable ASCII, is counted as `other`; so is a consumer that would end early in the eyes of
   * those who read the labels (`ann.metric`), and pass for another.
   */
  rejected(route: Bytes, cluster: Bytes, consumer: Bytes): void {
    const shownRoute = isShown(route) ? route : OTHER;
    const shownCluster = isShown(cluster) ? cluster : OTHER;
    const isWhole = isShown(consumer) && !holds(consumer, CONSUMER_END);
    let index = this.rejectionOf(
      shownRoute,
      shownCluster,
      isWhole ? consumer : OTHER,
      MAX_REJECTION_COUNTERS,
    );
    if (index < 0) index = this.rejectionOf(shownRoute, shownCluster, OTHER, 2 * MAX_REJECTION_COUNTERS);
    // Clusters may come from clients too, where routes name a header for them.
    if (index < 0) index = this.rejectionOf(OTHER, OTHER, OTHER, i32.MAX_VALUE);
    const id = this.rejections[index];
    if (id >= 0) incrementCounter(<u32>id, 1);
  }

  /** The place of a counter, which is made if there are fewer than `most` of them; else -1. */
  private rejectionOf(route: Bytes, cluster: Bytes, consumer: Bytes, most: i32): i32 {
    writeRejectionName(route, cluster, consumer);
    const known = this.rejectionIndex.find(rejectionName.ptr, rejectionName.length);
    const index = this.rejections.length;
    if (known >= 0 || index >= most || <u64>this.rejectionIndex.end >= <u64>most * NAME_BYTES) return known;
    const name = rejectionName.toBytes();
    this.rejectionIndex.add(name, index);
    this.rejections.push(defineCounter(name));
    return index;
  }
}

function writeRejectionName(route: Bytes, cluster: Bytes, consumer: Bytes): void {
  rejectionName.clear();
  rejectionName.bytes(ROUTE).bytes(route).bytes(UPSTREAM).bytes(cluster);
  rejectionName.bytes(CONSUMER).bytes(consumer).bytes(METRIC);
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

function counter(name: string): Counter {
  return new Counter(bytesOf(`ai_token_ratelimit.${name}`));
}

/** A counter of the host. */
@final
class Counter {
  private id: i64 = -1;

  constructor(private name: Bytes) {}

  add(amount: i64): void {
    if (this.id < 0) this.id = defineCounter(this.name);
    if (this.id >= 0) incrementCounter(<u32>this.id, amount);
  }
}
