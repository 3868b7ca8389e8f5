import { discarded } from "../../abi/collector";
import { Bytes } from "../../bytes/bytes";
import { appendGlobalCounterKey, appendRuleCounterKey } from "../../limiter/counter-key";
import { Counters } from "../../limiter/counters";
import { Reply } from "../../redis/reply";
import { Failure, Transport } from "../../redis/transport";
import { Facts } from "../../rules/facts";
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

/** So many calls are kept for the next requests; more may be in use. */
const MAX_IDLE = 64;
/** What a call takes, with counters that are not large. */
const CALL_BYTES = 1536;
/** What asking a rule item leaves to the garbage collector: the value that it looks at, and the match. */
const ITEM_BYTES = 192;
const NONE: Match[] = [];

/** One rate limit configuration at work: its rules, its Redis, and what it counts and logs. */
@final
export class Limiter {
  /** Calls that can be used again. They belong to the limiter, so that they are forgotten with its configuration. */
  private idle: Call[] = [];

  constructor(
    readonly config: RateLimitConfig,
    readonly redis: Transport,
    readonly counts: Counts,
    readonly charges: ChargeQueue,
    readonly readers: Readers,
    private failures: FailureLog,
  ) {}

  /** The call of a request with its counters, to be given back; or null when no rule matches the request. */
  callFor(facts: Facts): Call | null {
    const config = this.config;
    const global = config.globalLimit;
    discarded(ITEM_BYTES * config.items.length);
    const isAll = config.mode == RuleMode.AllMatch;
    const all = isAll ? allMatches(config.items, facts) : NONE;
    let first: Match | null = null;
    if (!isAll) first = firstMatch(config.items, facts);
    if (global === null && first === null && all.length == 0) return null;

    const call = this.idle.length > 0 ? this.idle.pop() : this.newCall();
    const counters = call.counters;
    counters.clear();
    if (global !== null) this.addGlobal(counters, global);
    for (let i = 0; i < all.length; ++i) this.addMatch(counters, all[i]);
    if (first !== null) this.addMatch(counters, first);
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
    this.counts.redisFailure(failure);
    this.failures.report(failure, error);
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
    for (let i = 0; i < windows.length; ++i) {
      appendRuleCounterKey(counters.nextKey, ruleName, tagged, by, windows[i].seconds, name, match.value);
      counters.add(windows[i].seconds, windows[i].tokens);
    }
  }

  /** Whether a limit's counters need the hash tag: one script may touch several of them. */
  private tagged(limit: Limit): bool {
    return this.config.mode == RuleMode.AllMatch || limit.windows.length > 1;
  }
}
