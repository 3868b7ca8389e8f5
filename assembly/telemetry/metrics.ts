import { ChargeCounter } from "../ledger/outbox";
import { FailureCounter } from "../redis/link";
import { Failure, failureName, FAILURES } from "../redis/failure";
import { Counter } from "./counter";
import { Rejections } from "./rejections";

/** What the filter counts, as proxy-wasm metrics. A metric is defined when it is first needed. */
@final
export class Metrics implements FailureCounter, ChargeCounter {
  private readonly chargedTokens: Counter;
  private readonly lostTokens: Counter;
  private readonly estimatedTokens: Counter;
  private readonly clampedUsages: Counter;
  private readonly compressedResponses: Counter;
  private readonly unreadableResponses: Counter;
  private readonly closedConnections: Counter;
  private readonly refusedUpgrades: Counter;
  private readonly uncheckedRequests: Counter;
  private readonly ambiguousRequests: Counter;
  private readonly unmatchedRequests: Counter;
  private readonly unidentifiedRequests: Counter;
  /** By `Failure`. */
  private readonly redisFailures: StaticArray<Counter>;
  readonly rejections: Rejections = new Rejections();

  /** @param prefix what the names of metrics begin with */
  constructor(prefix: string) {
    this.chargedTokens = new Counter(prefix + "charged_tokens");
    this.lostTokens = new Counter(prefix + "lost_tokens");
    this.estimatedTokens = new Counter(prefix + "estimated_tokens");
    this.clampedUsages = new Counter(prefix + "clamped_usages");
    this.compressedResponses = new Counter(prefix + "compressed_responses");
    this.unreadableResponses = new Counter(prefix + "unreadable_responses");
    this.closedConnections = new Counter(prefix + "closed_connections");
    this.refusedUpgrades = new Counter(prefix + "refused_upgrades");
    this.uncheckedRequests = new Counter(prefix + "unchecked_requests");
    this.ambiguousRequests = new Counter(prefix + "ambiguous_requests");
    this.unmatchedRequests = new Counter(prefix + "unmatched_requests");
    this.unidentifiedRequests = new Counter(prefix + "unidentified_requests");
    const failures = new StaticArray<Counter>(FAILURES);
    for (let i = 0; i < failures.length; ++i)
      failures[i] = new Counter(`${prefix}redis_failures.${failureName(<Failure>i)}`);
    this.redisFailures = failures;
  }

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
}
