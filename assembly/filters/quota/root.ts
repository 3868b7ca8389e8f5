import { StreamContext } from "../../abi/contexts";
import { RedisConfig } from "../../config/redis";
import { Balance } from "../../ledger/algorithms/balance";
import { Ledger } from "../../ledger/ledger";
import { Connect } from "../../plugin/ledgers";
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

  /** @param hostHoldsHeaders whether the host holds the headers of a request while its body is read, without being told to */
  constructor(
    id: u32,
    connect: Connect,
    sharesConnections: bool,
    private readonly hostHoldsHeaders: bool,
  ) {
    super(id, METRICS, new QuotaConfigReader(), new Balance(), connect, sharesConnections);
  }

  protected policyOf(config: QuotaConfig, ledger: Ledger): QuotaPolicy {
    return new QuotaPolicy(config, ledger);
  }

  protected redisOf(config: QuotaConfig): RedisConfig {
    return config.redis;
  }

  protected makeStream(id: u32): StreamContext {
    return new QuotaStream(
      id,
      this,
      this.hostHoldsHeaders,
      this.quotaMetrics,
      this.idle,
      this.readers,
      this.metrics,
    );
  }
}
