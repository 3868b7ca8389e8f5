import { StreamContext } from "../../abi/contexts";
import { RedisConfig } from "../../config/redis";
import { Limits } from "../../ledger/algorithms/limits";
import { Ledger } from "../../ledger/ledger";
import { Host } from "../../plugin/host";
import { CountingRoot } from "../../plugin/root";
import { RateLimitConfig, RateLimitConfigReader } from "./config";
import { METRICS } from "./identity";
import { RateLimitPolicy } from "./policy";
import { RateLimitStream } from "./stream";

/** One plugin configuration of ai-token-ratelimit, and the streams it applies to. */
@final
export class RateLimitRoot extends CountingRoot<RateLimitConfig, RateLimitPolicy> {
  constructor(id: u32, host: Host) {
    super(id, METRICS, new RateLimitConfigReader(), new Limits(), host);
  }

  protected policyOf(config: RateLimitConfig, ledger: Ledger): RateLimitPolicy {
    return new RateLimitPolicy(config, ledger, this.host, this.metrics);
  }

  protected redisOf(config: RateLimitConfig): RedisConfig {
    return config.redis;
  }

  protected makeStream(id: u32): StreamContext {
    return new RateLimitStream(id, this, this.idle, this.readers, this.metrics);
  }
}
