import { ChargeCounter } from "../ledger/outbox";
import { FailureCounter } from "../redis/link";
import { Failure, failureName, FAILURES } from "../redis/failure";
import { Counter } from "./counter";
import { Rejections } from "./rejections";

/** What every filter counts. */
export const enum Metric {
  /** Tokens that Redis has counted. */
  ChargedTokens,
  /** Tokens that were consumed but could not be charged in Redis. */
  LostTokens,
  /** Tokens charged for calls that did not report their usage. `ChargedTokens` includes them. */
  EstimatedTokens,
  /** Responses whose usage made no sense and was adjusted. */
  ClampedUsages,
  /** Responses that could not be read because they were compressed. */
  CompressedResponses,
  /** Successful responses that did not report usage, and that were partly unreadable although they were not compressed. */
  UnreadableResponses,
  /** WebSockets that were closed because their callers had exceeded a limit. */
  ClosedConnections,
  /** Requests for an upgrade that were refused (`upgrade: refuse`). */
  RefusedUpgrades,
  /** Requests that passed without a check because Redis was not available. */
  UncheckedRequests,
  /** Requests that were refused because their caller is ambiguous. */
  AmbiguousRequests,
  /** Requests that no rule limits. */
  UnmatchedRequests,
  /** Requests that lack a value that a rule needs. */
  UnidentifiedRequests,
}

/** The ends of the metrics' names, by `Metric`. */
const NAMES: string[] = [
  "charged_tokens",
  "lost_tokens",
  "estimated_tokens",
  "clamped_usages",
  "compressed_responses",
  "unreadable_responses",
  "closed_connections",
  "refused_upgrades",
  "unchecked_requests",
  "ambiguous_requests",
  "unmatched_requests",
  "unidentified_requests",
];

/** The proxy-wasm metrics of the filter. A metric is defined when it is first used. */
@final
export class Metrics implements FailureCounter, ChargeCounter {
  /** By `Metric`; then by `Failure`. */
  private readonly counters: StaticArray<Counter> = new StaticArray<Counter>(NAMES.length + FAILURES);
  readonly rejections: Rejections = new Rejections();

  /** @param prefix the beginning of all metric names */
  constructor(prefix: string) {
    for (let i = 0; i < NAMES.length; ++i) this.counters[i] = new Counter(prefix + NAMES[i]);
    for (let i = 0; i < FAILURES; ++i)
      this.counters[NAMES.length + i] = new Counter(`${prefix}redis_failures.${failureName(<Failure>i)}`);
  }

  /** Counts what has happened. @param amount of tokens, or how often; positive */
  add(metric: Metric, amount: i64 = 1): void {
    this.counters[metric].add(amount);
  }

  charged(tokens: i64): void {
    this.add(Metric.ChargedTokens, tokens);
  }

  lost(tokens: i64): void {
    this.add(Metric.LostTokens, tokens);
  }

  redisFailure(failure: Failure): void {
    this.counters[NAMES.length + failure].add(1);
  }
}
