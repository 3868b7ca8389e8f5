import { log } from "../abi/log";
import { LogLevel } from "../abi/types";
import { Demand } from "../ledger/demand";
import { ChargeCounter } from "../ledger/outbox";
import { Outboxes, Waiter } from "../ledger/outboxes";
import { FailureCounter } from "../redis/link";
import { Failure, failureName, FAILURES } from "../redis/failure";
import { Reply } from "../redis/reply";
import { Bytes } from "../bytes/bytes";
import { Consumption } from "../usage/consumption";
import { Counter } from "./counter";
import { Gauge } from "./gauge";
import { Histogram } from "./histogram";
import { Rejections } from "./rejections";

/** After so many calls without a report of usage, and none with one, the operator is warned. */
const MANY: i32 = 20;
const NEVER_REPORTED =
  "no call has reported its usage so far, so all are charged an estimate; for streams, have clients send stream_options.include_usage, or let the gateway add it";

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
  /** Requests that were denied because Redis was not available (`on_redis_error: deny`). */
  DeniedUncheckedRequests,
  /** Requests that passed, and would have been denied without `shadow`. */
  WouldDenyRequests,
  /** Requests above a limit that passed with a mark (`on_limit: header`). */
  DivertedRequests,
  /** Requests that passed, and whose caller was warned (`warn_at`). */
  WarnedRequests,
  /** Requests that were refused because their caller is ambiguous. */
  AmbiguousRequests,
  /** Requests that were refused because they lack what a rule requires (`on_missing: reject`), or have no caller with a balance. */
  RefusedUnidentifiedRequests,
  /** Requests that were refused because they have the mark that only the filter sets (`on_limit: header`). */
  RefusedMarkedRequests,
  /** Requests that no rule limits. */
  UnmatchedRequests,
  /** Requests that lack a value that a rule needs. */
  UnidentifiedRequests,
  /** Of the calls that are looked at (`Suspicions`): those of a caller whom nothing proves, and those that another filter counts too. */
  UnprovenRequests,
  TwiceCountedRequests,
  /** Calls that were let pass after a check, and those that were not. */
  AllowedRequests,
  DeniedRequests,
  /** Requests to which a limit applies, but which cannot consume tokens. */
  FreeRequests,
  /** Calls whose output was limited to what was left. */
  ClampedRequests,
  /** Calls that were charged an estimate, because their responses did not report usage. */
  UnreportedCalls,
  /** Charged tokens that exceed a limit. */
  OvershootTokens,
  /** Tokens that were reserved for calls, and those that calls were charged in place of what was reserved. */
  ReservedTokens,
  SettledTokens,
  /** Tokens that were reserved and not settled in time, and so were charged, or released. */
  LapsedChargedTokens,
  LapsedReleasedTokens,
  /** What calls have consumed, unweighted; in the order of `Consumption`. */
  InputTokens,
  CachedInputTokens,
  CacheWriteTokens,
  OutputTokens,
  ReasoningTokens,
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
  "denied_unchecked_requests",
  "would_deny_requests",
  "diverted_requests",
  "warned_requests",
  "ambiguous_requests",
  "refused_unidentified_requests",
  "refused_marked_requests",
  "unmatched_requests",
  "unidentified_requests",
  "unproven_requests",
  "twice_counted_requests",
  "allowed_requests",
  "denied_requests",
  "free_requests",
  "clamped_requests",
  "unreported_calls",
  "overshoot_tokens",
  "reserved_tokens",
  "settled_tokens",
  "lapsed_charged_tokens",
  "lapsed_released_tokens",
  "input_tokens",
  "cached_input_tokens",
  "cache_write_tokens",
  "output_tokens",
  "reasoning_tokens",
];

/** Counts what becomes of single limits. */
export interface LimitCounter {
  /** The parameters are those of `ChargeCounter`. */
  charged(rule: Bytes, demand: Demand, reply: Reply, tokens: i64): void;
  /** Tells the host what was noted. */
  flush(): void;
}

/**
 * The proxy-wasm metrics of the filter. A metric is defined when it is first used. What happens with every call is noted, and told
 * to the host with the next tick.
 */
@final
export class Metrics implements FailureCounter, ChargeCounter, Waiter {
  /** By `Metric`; then by `Failure`. */
  private readonly counters: StaticArray<Counter> = new StaticArray<Counter>(NAMES.length + FAILURES);
  readonly rejections: Rejections = new Rejections();

  private limits: LimitCounter | null = null;
  /** How often the host was told. */
  ticked: u32 = 0;
  private hasNotes: bool = false;
  private readonly latency: Histogram;
  private readonly openBreakers: Gauge;
  private readonly outboxBytes: Gauge;
  private readonly configuration: Gauge;
  /** How many calls reported no usage, if none has. */
  private unreportedInRow: i32 = 0;

  /**
   * @param prefix the beginning of all metric names
   * @param ticks of the root context
   */
  constructor(
    prefix: string,
    private readonly ticks: Outboxes,
  ) {
    this.latency = new Histogram(prefix + "redis_milliseconds");
    this.openBreakers = new Gauge(prefix + "open_breakers");
    this.outboxBytes = new Gauge(prefix + "outbox_bytes");
    this.configuration = new Gauge(prefix + "configuration_hash");
    for (let i = 0; i < NAMES.length; ++i) this.counters[i] = new Counter(prefix + NAMES[i]);
    for (let i = 0; i < FAILURES; ++i)
      this.counters[NAMES.length + i] = new Counter(`${prefix}redis_failures.${failureName(<Failure>i)}`);
  }

  /** Counts what has happened. @param amount of tokens, or how often; positive */
  add(metric: Metric, amount: i64 = 1): void {
    unchecked(this.counters[metric]).add(amount);
  }

  /** Counts what happens with every call, so that it costs no host call. @param amount as for `add` */
  note(metric: Metric, amount: i64 = 1): void {
    unchecked(this.counters[metric]).note(amount);
    this.wake();
  }

  /** Tells the host at the next tick. */
  private wake(): void {
    if (this.hasNotes) return;
    this.hasNotes = true;
    this.ticks.wake(this);
  }

  /** A call has consumed tokens. */
  consumed(tokens: Consumption): void {
    this.note(Metric.InputTokens, tokens.input);
    unchecked(this.counters[Metric.CachedInputTokens]).note(tokens.cachedInput);
    unchecked(this.counters[Metric.CacheWriteTokens]).note(tokens.cacheWrite);
    unchecked(this.counters[Metric.OutputTokens]).note(tokens.output);
    unchecked(this.counters[Metric.ReasoningTokens]).note(tokens.reasoning);
  }

  hasNothing(): bool {
    return !this.hasNotes;
  }

  tick(_nowMs: i64): void {
    this.flush();
  }

  /** Tells the host what was noted. */
  flush(): void {
    this.hasNotes = false;
    ++this.ticked;
    for (let i = 0; i < this.counters.length; ++i) this.counters[i].flush();
    const limits = this.limits;
    if (limits !== null) limits.flush();
  }

  giveUp(): void {}

  /** @param openBreakers how many Redis do not answer @param outboxBytes what the charges that wait take, in bytes */
  state(openBreakers: i32, outboxBytes: i32): void {
    this.openBreakers.tell(openBreakers);
    this.outboxBytes.tell(outboxBytes);
  }

  /** The limits of a new configuration are counted by this. */
  countLimits(limits: LimitCounter): void {
    this.flush();
    this.limits = limits;
  }

  /** A configuration applies from now on. @param hash that tells it from others */
  configured(hash: u32): void {
    this.configuration.set(hash);
  }

  charged(tokens: i64): void {
    this.add(Metric.ChargedTokens, tokens);
    // The state may be better now, which the next tick tells.
    if ((this.openBreakers.share | this.outboxBytes.share) != 0) this.wake();
  }

  chargedLimits(rule: Bytes, demand: Demand, reply: Reply, tokens: i64): void {
    const limits = this.limits;
    if (limits === null) return;
    limits.charged(rule, demand, reply, tokens);
    this.wake();
  }

  exceeded(tokens: i64): void {
    this.note(Metric.OvershootTokens, tokens);
  }

  reserved(tokens: i64): void {
    this.note(Metric.ReservedTokens, tokens);
  }

  settledHold(tokens: i64): void {
    this.note(Metric.SettledTokens, tokens);
  }

  lapsed(tokens: i64, isCharged: bool): void {
    this.note(isCharged ? Metric.LapsedChargedTokens : Metric.LapsedReleasedTokens, tokens);
  }

  lost(tokens: i64): void {
    this.add(Metric.LostTokens, tokens);
  }

  redisTook(milliseconds: i64): void {
    this.latency.record(milliseconds);
  }

  /** A call has ended that was charged. @param isReported whether its response reported its usage */
  usage(isReported: bool): void {
    if (isReported) {
      this.unreportedInRow = i32.MIN_VALUE;
      return;
    }
    this.note(Metric.UnreportedCalls);
    if (++this.unreportedInRow == MANY) log(LogLevel.Warn, NEVER_REPORTED);
  }

  redisFailure(failure: Failure): void {
    this.counters[NAMES.length + failure].add(1);
  }
}
