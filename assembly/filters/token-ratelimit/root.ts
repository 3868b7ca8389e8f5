import { StreamContext } from "../../abi/contexts";
import { RedisConfig } from "../../config/redis";
import { FixedWindow } from "../../ledger/algorithms/fixed-window";
import { Ledger } from "../../ledger/ledger";
import { Connect } from "../../plugin/ledgers";
import { CountingRoot } from "../../plugin/root";
import { RateLimitConfig, RateLimitConfigReader } from "./config";
import { METRICS } from "./identity";
import { RateLimitPolicy } from "./policy";
import { RateLimitStream } from "./stream";

/** One plugin configuration of ai-token-ratelimit, and the streams it applies to. */
@final
export class RateLimitRoot extends CountingRoot<RateLimitConfig, RateLimitPolicy> {
  constructor(id: u32, connect: Connect, sharesConnections: bool) {
    super(id, METRICS, new RateLimitConfigReader(), new FixedWindow(), connect, sharesConnections);
  }

  protected policyOf(config: RateLimitConfig, ledger: Ledger): RateLimitPolicy {
    return new RateLimitPolicy(config, ledger, this.metrics);
  }

  protected redisOf(config: RateLimitConfig): RedisConfig {
    return config.redis;
  }

  protected makeStream(id: u32): StreamContext {
    return new RateLimitStream(id, this, this.idle, this.readers, this.metrics);
  }
}
