import { StreamContext } from "../../abi/contexts";
import { RedisConfig } from "../../config/redis";
import { Limits } from "../../ledger/algorithms/limits";
import { Ledger } from "../../ledger/ledger";
import { Host } from "../../plugin/host";
import { PluginConfig } from "../../plugin/config";
import { CountingRoot } from "../../plugin/root";
import { LimitMetrics } from "../../telemetry/limit-metrics";
import { RateLimitConfig, RateLimitConfigReader } from "./config";
import { METRICS } from "./identity";
import { Mark } from "./mark";
import { RateLimitPolicy } from "./policy";
import { RateLimitStream } from "./stream";

/** One plugin configuration of ai-token-ratelimit, and the streams it applies to. */
@final
export class RateLimitRoot extends CountingRoot<RateLimitConfig, RateLimitPolicy> {
  private readonly mark: Mark = new Mark();

  constructor(id: u32, host: Host) {
    super(id, METRICS, new RateLimitConfigReader(), new Limits(), host);
  }

  use(config: PluginConfig<RateLimitConfig>): string {
    this.metrics.countLimits(new LimitMetrics());
    return super.use(config);
  }

  protected policyOf(config: RateLimitConfig, ledger: Ledger): RateLimitPolicy {
    if (config.softness.diverts) this.mark.isInUse = true;
    return new RateLimitPolicy(config, ledger, this.host, this.metrics);
  }

  protected redisOf(config: RateLimitConfig): RedisConfig {
    return config.redis;
  }

  protected makeStream(id: u32): StreamContext {
    return new RateLimitStream(id, this, this.mark, this.idle, this.readers, this.metrics);
  }
}
