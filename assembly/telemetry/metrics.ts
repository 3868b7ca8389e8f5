import { ChargeCounter } from "../ledger/outbox";
import { FailureCounter } from "../redis/link";
import { Failure, failureName, FAILURES } from "../redis/failure";
import { Counter } from "./counter";
import { Rejections } from "./rejections";

/** The proxy-wasm metrics of the filter. A metric is defined when it is first used. */
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
  /** Indexed by `Failure`. */
  private readonly redisFailures: StaticArray<Counter>;
  readonly rejections: Rejections = new Rejections();

  /** @param prefix the beginning of all metric names */
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

  /** Counts requests that no rule limits, and those of them that lack a value that a rule needs. */
  unmatched(requests: i64, unidentified: i64): void {
    if (requests > 0) this.unmatchedRequests.add(requests);
    if (unidentified > 0) this.unidentifiedRequests.add(unidentified);
  }

  /** Tokens that Redis has counted. */
  charged(tokens: i64): void {
    this.chargedTokens.add(tokens);
  }

  /** Tokens that were consumed but could not be charged in Redis. */
  lost(tokens: i64): void {
    this.lostTokens.add(tokens);
  }

  /** Tokens charged for calls that did not report their usage. `charged` includes them. */
  estimated(tokens: i64): void {
    this.estimatedTokens.add(tokens);
  }

  /** A response whose usage made no sense and was adjusted. */
  clampedUsage(): void {
    this.clampedUsages.add(1);
  }

  /** A successful response that did not report usage, and that was partly unreadable although it was not compressed. */
  unreadableResponse(): void {
    this.unreadableResponses.add(1);
  }

  /** A response that could not be read because it was compressed. */
  compressedResponse(): void {
    this.compressedResponses.add(1);
  }

  /** A WebSocket that was closed because its caller had exceeded a limit. */
  closedConnection(): void {
    this.closedConnections.add(1);
  }

  /** A request for an upgrade that was refused (`upgrade: refuse`). */
  refusedUpgrade(): void {
    this.refusedUpgrades.add(1);
  }

  /** A request that passed without a check because Redis was not available. */
  unchecked(): void {
    this.uncheckedRequests.add(1);
  }

  /** A request that was refused because its caller is ambiguous. */
  ambiguous(): void {
    this.ambiguousRequests.add(1);
  }

  redisFailure(failure: Failure): void {
    this.redisFailures[failure].add(1);
  }
}
