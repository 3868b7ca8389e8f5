import { defineCounter, incrementCounter } from "../../abi/metrics";
import { Bytes, bytesOf } from "../../bytes/bytes";
import { textOf } from "../../bytes/utf8";
import { Failure } from "../../redis/transport";

/** More different rejection counters than that are counted under the consumer `other`: consumers come from clients. */
const MAX_REJECTION_COUNTERS = 2048;

/** What the filter counts, as proxy-wasm metrics. A metric is defined when it is first needed. */
@final
export class Counts {
  private chargedTokens: Counter = new Counter("ai_token_ratelimit.charged_tokens");
  private lostTokens: Counter = new Counter("ai_token_ratelimit.lost_tokens");
  private estimatedTokens: Counter = new Counter("ai_token_ratelimit.estimated_tokens");
  private clampedUsages: Counter = new Counter("ai_token_ratelimit.clamped_usages");
  private compressedResponses: Counter = new Counter("ai_token_ratelimit.compressed_responses");
  private uncheckedRequests: Counter = new Counter("ai_token_ratelimit.unchecked_requests");
  private unknownCluster: Counter = new Counter("ai_token_ratelimit.redis_failures.unknown_cluster");
  private notSent: Counter = new Counter("ai_token_ratelimit.redis_failures.not_sent");
  private network: Counter = new Counter("ai_token_ratelimit.redis_failures.network");
  private authentication: Counter = new Counter("ai_token_ratelimit.redis_failures.authentication");
  private errorReply: Counter = new Counter("ai_token_ratelimit.redis_failures.error_reply");
  private malformed: Counter = new Counter("ai_token_ratelimit.redis_failures.malformed");
  private rejections: Map<string, Counter> = new Map<string, Counter>();

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

  /** A response that could not be read because it was compressed. */
  compressedResponse(): void {
    this.compressedResponses.add(1);
  }

  /** A request that passed because Redis could not be asked. */
  unchecked(): void {
    this.uncheckedRequests.add(1);
  }

  redisFailure(failure: Failure): void {
    this.redisFailures(failure).add(1);
  }

  /** A rejected request, under the name of the published plugin, which Higress turns into labels. */
  rejected(route: Bytes, cluster: Bytes, consumer: Bytes): void {
    let name = rejectionName(route, cluster, textOf(consumer));
    if (!this.rejections.has(name)) {
      if (this.rejections.size >= MAX_REJECTION_COUNTERS) name = rejectionName(route, cluster, "other");
      if (!this.rejections.has(name)) this.rejections.set(name, new Counter(name));
    }
    this.rejections.get(name).add(1);
  }

  private redisFailures(failure: Failure): Counter {
    switch (failure) {
      case Failure.UnknownCluster:
        return this.unknownCluster;
      case Failure.NotSent:
        return this.notSent;
      case Failure.Network:
        return this.network;
      case Failure.Authentication:
        return this.authentication;
      case Failure.ErrorReply:
        return this.errorReply;
      default:
        return this.malformed;
    }
  }
}

function rejectionName(route: Bytes, cluster: Bytes, consumer: string): string {
  return `route.${textOf(route)}.upstream.${textOf(cluster)}.model.none.consumer.${consumer}.metric.token_ratelimit_count`;
}

/** A counter of the host. */
@final
class Counter {
  private id: i64 = -1;

  constructor(private name: string) {}

  add(amount: i64): void {
    if (this.id < 0) this.id = defineCounter(bytesOf(this.name));
    if (this.id >= 0) incrementCounter(<u32>this.id, amount);
  }
}
