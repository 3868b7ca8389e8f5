import { globalCounterKey, ruleCounterKey } from "../../limiter/counter-key";
import { Counters } from "../../limiter/counters";
import { Reply, ReplyKind } from "../../redis/reply";
import { Failure, Transport } from "../../redis/transport";
import { Facts } from "../../rules/facts";
import { Limit } from "../../rules/limit";
import { nameOf } from "../../rules/limit-by";
import { Match } from "../../rules/match";
import { allMatches, firstMatch } from "../../rules/matcher";
import { RuleMode } from "../../rules/rule-mode";
import { RateLimitConfig } from "./config";
import { ChargeQueue } from "./charge-queue";
import { Counts } from "./counts";
import { FailureLog } from "./failures";

/** One rate limit configuration at work: its rules, its Redis, and what it counts and logs. */
@final
export class Limiter {
  constructor(
    readonly config: RateLimitConfig,
    readonly redis: Transport,
    readonly counts: Counts,
    readonly charges: ChargeQueue,
    private failures: FailureLog,
  ) {}

  /** The counters that a request is subject to, or null when no rule matches it. */
  countersOf(facts: Facts): Counters | null {
    const config = this.config;
    const global = config.globalLimit;
    let counters: Counters | null = null;
    if (global !== null) {
      counters = new Counters();
      this.addGlobal(counters, global);
    }
    if (config.mode == RuleMode.AllMatch) {
      const matches = allMatches(config.items, facts);
      for (let i = 0; i < matches.length; ++i) counters = this.addMatch(counters, matches[i]);
    } else {
      const match = firstMatch(config.items, facts);
      if (match !== null) counters = this.addMatch(counters, match);
    }
    return counters;
  }

  /** Counts and logs a failure of Redis. */
  failed(failure: Failure, reply: Reply | null): void {
    this.counts.redisFailure(failure);
    this.failures.report(failure, reply);
  }

  /** Counts and logs a reply of which not everything can be used. */
  unreadable(reply: Reply): void {
    for (let i = 0; i < reply.items.length; ++i) {
      if (reply.items[i].kind == ReplyKind.Error) return this.failed(Failure.ErrorReply, reply.items[i]);
    }
    this.failed(Failure.Malformed, null);
  }

  private addGlobal(counters: Counters, limit: Limit): void {
    const tagged = this.tagged(limit);
    for (let i = 0; i < limit.windows.length; ++i) {
      const window = limit.windows[i];
      const key = globalCounterKey(this.config.ruleName, tagged, window.seconds);
      counters.add(key, window.seconds, window.tokens);
    }
  }

  private addMatch(others: Counters | null, match: Match): Counters {
    const counters = others !== null ? others : new Counters();
    const tagged = this.tagged(match.limit);
    const windows = match.limit.windows;
    const by = nameOf(match.item.by);
    const name = match.item.name;
    for (let i = 0; i < windows.length; ++i) {
      const key = ruleCounterKey(this.config.ruleName, tagged, by, windows[i].seconds, name, match.value);
      counters.add(key, windows[i].seconds, windows[i].tokens);
    }
    return counters;
  }

  /** Whether a limit's counters need the hash tag: one script may touch several of them. */
  private tagged(limit: Limit): bool {
    return this.config.mode == RuleMode.AllMatch || limit.windows.length > 1;
  }
}
