import { StreamContext } from "../../abi/contexts";
import { RedisConfig } from "../../config/redis";
import { FixedWindow } from "../../ledger/algorithms/fixed-window";
import { Connect, Connection } from "../../plugin/ledgers";
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

  protected policyOf(config: RateLimitConfig, connection: Connection): RateLimitPolicy {
    return new RateLimitPolicy(config, connection.ledger, this.metrics);
  }

  protected redisOf(config: RateLimitConfig): RedisConfig {
    return config.redis;
  }

  protected makeStream(id: u32): StreamContext {
    return new RateLimitStream(id, this, this.idle, this.readers, this.metrics);
  }
}
