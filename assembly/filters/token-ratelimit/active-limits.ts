import { addressOf, Bytes, bytesOf, EMPTY } from "../../bytes/bytes";
import { RedisConfig } from "../../config/redis";
import { Transport } from "../../redis/transport";
import { headerText, HttpSource } from "../../request/http-facts";
import { Selector } from "../../config/selector";
import { PluginConfig, RateLimitConfig } from "./config";
import { ChargeQueue } from "./charge-queue";
import { ChargeQueues } from "./charge-queues";
import { Counts } from "./counts";
import { FailureLog } from "./failures";
import { Limiter } from "./limiter";
import { Readers } from "./readers";
import { clusterName, routeName } from "./routing";

const AUTHORITY = bytesOf(":authority");

/**
 * A plugin configuration at work: the global rate limit, and those that replace it for some routes, domains or
 * services. It is built and replaced as a whole; streams in flight keep the limiter they began with.
 */
@final
export class ActiveLimits {
  private global: Limiter | null = null;
  /** `overrides[i]` applies to what `selectors[i]` selects; the first that selects wins. */
  private selectors: Selector[] = [];
  private overrides: Limiter[] = [];
  private connections: Connection[] = [];

  constructor(
    config: PluginConfig,
    private connect: (redis: RedisConfig) => Transport,
    private counts: Counts,
    private charges: ChargeQueues,
    private readers: Readers,
  ) {
    const global = config.global;
    if (global !== null) this.global = this.limiterOf(global);
    for (let i = 0; i < config.overrides.length; ++i) {
      this.selectors.push(config.overrides[i].selector);
      this.overrides.push(this.limiterOf(config.overrides[i].config));
    }
  }

  /** The clusters of Redis that are used, for the log. */
  describeRedis(): string {
    const names = this.connections.map<string>((connection) => connection.transport.name());
    return names.join(", ");
  }

  /** The rate limit that applies to a request, or null when none does. */
  select(request: HttpSource): Limiter | null {
    if (this.selectors.length == 0) return this.global;
    const host = withoutBlanks(orEmpty(request.header(AUTHORITY)));
    const route = orEmpty(routeName(request));
    const cluster = orEmpty(clusterName(request));
    for (let i = 0; i < this.selectors.length; ++i) {
      if (this.selectors[i].matches(host, route, cluster)) return this.overrides[i];
    }
    return this.global;
  }

  /** Rate limits that name the same Redis in the same way share one connection: each opening closes the others'. */
  private limiterOf(config: RateLimitConfig): Limiter {
    const redis = config.redis;
    for (let i = 0; i < this.connections.length; ++i) {
      if (this.connections[i].isTo(redis)) return this.over(this.connections[i], config);
    }
    const connection = new Connection(redis, this.connect(redis), this.charges, this.counts);
    this.connections.push(connection);
    return this.over(connection, config);
  }

  private over(connection: Connection, config: RateLimitConfig): Limiter {
    return new Limiter(
      config,
      connection.transport,
      this.counts,
      connection.charges,
      this.readers,
      connection.failures,
    );
  }
}

function withoutBlanks(value: Bytes): Bytes {
  return headerText(addressOf(value), value.byteLength, false);
}

function orEmpty(value: Bytes | null): Bytes {
  return value !== null ? value : EMPTY;
}

/** One Redis that is used, with its failure log, and the charges that are on their way to it. */
@final
class Connection {
  readonly failures: FailureLog;
  readonly charges: ChargeQueue;

  constructor(
    private config: RedisConfig,
    readonly transport: Transport,
    charges: ChargeQueues,
    counts: Counts,
  ) {
    const failures = new FailureLog(transport.name());
    this.failures = failures;
    this.charges = new ChargeQueue(charges, transport, counts, failures);
  }

  isTo(other: RedisConfig): bool {
    return this.config.isSameAs(other);
  }
}
