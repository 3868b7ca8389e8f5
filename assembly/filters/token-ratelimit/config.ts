import { Fields } from "../../config/fields";
import { RedisBlocks } from "../../config/redis-blocks";
import { ConfigReader } from "../../plugin/config";
import { RATE_LIMIT_FIELDS, RateLimitConfig, readRateLimit } from "./config-rate-limit";

export { RateLimitConfig } from "./config-rate-limit";

/** Reads the configuration of ai-token-ratelimit. */
@final
export class RateLimitConfigReader extends ConfigReader<RateLimitConfig> {
  constructor() {
    super(RATE_LIMIT_FIELDS, "rule_name, redis, and global_threshold or rule_items");
  }

  protected read(fields: Fields, blocks: RedisBlocks): RateLimitConfig | null {
    return readRateLimit(fields, blocks);
  }

  protected describeOne(config: RateLimitConfig): string {
    return config.describe();
  }
}
