import { discarded } from "../../abi/collector";
import { Bytes, EMPTY } from "../../bytes/bytes";
import { callerText } from "../../ledger/caller-text";
import { appendGlobalCounterKey, appendRuleCounterKey } from "../../ledger/counter-key";
import { Counters } from "../../ledger/counters";
import { kindOf } from "../../redis/refusal";
import { Reply } from "../../redis/reply";
import { Failure, Transport } from "../../redis/transport";
import { Ambiguity, Facts } from "../../rules/facts";
import { Limit } from "../../rules/limit";
import { nameOf } from "../../rules/limit-by";
import { Match } from "../../rules/match";
import { allMatches, firstMatch } from "../../rules/matcher";
import { RuleMode } from "../../rules/rule-mode";
import { Call } from "./call";
import { RateLimitConfig } from "./config";
import { ChargeQueue } from "./charge-queue";
import { Counts } from "./counts";
import { FailureLog } from "./failures";
import { Readers } from "./readers";
import { Unmatched } from "./unmatched";

/** Idle calls kept for reuse; more may be in use. */
const MAX_IDLE = 64;
/** What a call takes, with counters that are not large. */
const CALL_BYTES = 1536;
/** What a rule item that applies leaves to the garbage collector, beside the value that it looks at. */
const MATCH_BYTES = 192;
const NONE: Match[] = [];

/** One rate limit configuration at work: its rules, its Redis, and what it counts and logs. */
@final
export class Limiter {
  /** Calls that can be used again. They belong to the limiter, so that they are forgotten with its configuration. */
  private idle: Call[] = [];
  /** The value that stands in a counter's name last, and its text there: items may look at the same. */
  private value: Bytes = EMPTY;
  private text: Bytes = EMPTY;
  /** What is done about requests that no rule limits. */
  readonly unmatched: Unmatched;

  constructor(
    readonly config: RateLimitConfig,
    readonly redis: Transport,
    readonly counts: Counts,
    readonly charges: ChargeQueue,
    readonly readers: Readers,
    private failures: FailureLog,
  ) {
    this.unmatched = new Unmatched(config.itemsPath, counts);
  }

  /**
   * The call of a request with its counters, to be given back; or null when no rule matches the request, or when the facts
   * have become ambiguous.
   */
  callFor(facts: Facts): Call | null {
    const config = this.config;
    const global = config.globalLimit;
    const isAll = config.mode == RuleMode.AllMatch;
    const all = isAll ? allMatches(config.items, facts) : NONE;
    let first: Match | null = null;
    if (!isAll) first = firstMatch(config.items, facts);
    if (facts.ambiguity != Ambiguity.None) return null;
    if (global === null && first === null && all.length == 0) return null;
    discarded(MATCH_BYTES * (all.length + 1));

    const call = this.idle.length > 0 ? this.idle.pop() : this.newCall();
    const counters = call.counters;
    counters.clear();
    if (global !== null) this.addGlobal(counters, global);
    for (let i = 0; i < all.length; ++i) this.addMatch(counters, all[i]);
    if (first !== null) this.addMatch(counters, first);
    counters.keep();
    this.value = this.text = EMPTY;
    return call;
  }

  /** A call with the counters of another that goes on, to be given back. */
  partOf(call: Call): Call {
    const part = this.idle.length > 0 ? this.idle.pop() : this.newCall();
    part.counters.copyFrom(call.counters);
    return part;
  }

  /** Keeps a call that has ended for the next request. */
  takeBack(call: Call): void {
    if (call.counters.isLarge) discarded(call.counters.bytes);
    else if (this.idle.length < MAX_IDLE) this.idle.push(call);
  }

  private newCall(): Call {
    // Some day it will be garbage.
    discarded(CALL_BYTES);
    return new Call(this);
  }

  /** Counts and logs a failure of Redis. @param error what it said, if it did */
  failed(failure: Failure, error: Bytes | null): void {
    const kind = error !== null ? kindOf(error) : failure;
    this.counts.redisFailure(kind);
    this.failures.report(kind, error);
  }

  /** Counts and logs a reply of which not everything can be used. */
  unreadable(reply: Reply): void {
    if (reply.error.byteLength > 0) this.failed(Failure.ErrorReply, reply.error);
    else this.failed(Failure.Malformed, null);
  }

  private addGlobal(counters: Counters, limit: Limit): void {
    const tagged = this.tagged(limit);
    for (let i = 0; i < limit.windows.length; ++i) {
      const window = limit.windows[i];
      appendGlobalCounterKey(counters.nextKey, this.config.ruleName, tagged, window.seconds);
      counters.add(window.seconds, window.tokens);
    }
  }

  private addMatch(counters: Counters, match: Match): void {
    const ruleName = this.config.ruleName;
    const tagged = this.tagged(match.limit);
    const windows = match.limit.windows;
    const by = nameOf(match.item.by);
    const name = match.item.name;
    const caller = this.callerOf(match);
    for (let i = 0; i < windows.length; ++i) {
      appendRuleCounterKey(counters.nextKey, ruleName, tagged, by, windows[i].seconds, name, caller);
      counters.add(windows[i].seconds, windows[i].tokens, match.item.position, match.key);
    }
  }

  private callerOf(match: Match): Bytes {
    if (this.value !== match.value) {
      this.value = match.value;
      this.text = callerText(match.value, this.config.keyHash);
    }
    return this.text;
  }

  /** Whether a limit's counters need the hash tag: one script may touch several of them. */
  private tagged(limit: Limit): bool {
    return this.config.mode == RuleMode.AllMatch || limit.windows.length > 1;
  }
}
