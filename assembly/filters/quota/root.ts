import { StreamContext } from "../../abi/contexts";
import { RedisConfig } from "../../config/redis";
import { Balance } from "../../ledger/algorithms/balance";
import { Ledger } from "../../ledger/ledger";
import { Host } from "../../plugin/host";
import { CountingRoot } from "../../plugin/root";
import { QuotaConfig, QuotaConfigReader } from "./config";
import { METRICS } from "./identity";
import { QuotaPolicy } from "./policy";
import { QuotaMetrics } from "./quota-metrics";
import { QuotaStream } from "./stream";

/** One plugin configuration of ai-quota, and the streams it applies to. */
@final
export class QuotaRoot extends CountingRoot<QuotaConfig, QuotaPolicy> {
  private readonly quotaMetrics: QuotaMetrics = new QuotaMetrics();

  constructor(id: u32, host: Host) {
    super(id, METRICS, new QuotaConfigReader(), new Balance(), host);
  }

  protected policyOf(config: QuotaConfig, ledger: Ledger): QuotaPolicy {
    return new QuotaPolicy(config, ledger, this.host);
  }

  protected redisOf(config: QuotaConfig): RedisConfig {
    return config.redis;
  }

  protected makeStream(id: u32): StreamContext {
    return new QuotaStream(id, this, this.quotaMetrics, this.idle, this.readers, this.metrics);
  }
}
