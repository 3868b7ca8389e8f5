import { addressOf, Bytes, bytesOf, EMPTY } from "../../bytes/bytes";
import { RedisConfig } from "../../config/redis";
import { Selector } from "../../config/selector";
import { FixedWindow } from "../../ledger/algorithms/fixed-window";
import { Ledger } from "../../ledger/ledger";
import { Outbox } from "../../ledger/outbox";
import { Outboxes } from "../../ledger/outboxes";
import { Link } from "../../redis/link";
import { Transport } from "../../redis/transport";
import { headerText, HttpSource } from "../../request/http-facts";
import { clusterName, routeName } from "../../request/route";
import { Metrics } from "../../telemetry/metrics";
import { PluginConfig, RateLimitConfig } from "./config";
import { Policy } from "./policy";

const AUTHORITY = bytesOf(":authority");

/**
 * A plugin configuration at work: the global policy, and the policies that replace it for some routes, domains or services
 * (`_rules_`). It is built and replaced as a whole, and never changed. Streams in flight keep the policy they began with.
 */
@final
export class Policies {
  private readonly global: Policy | null;
  /** `overrides[i]` applies to what `selectors[i]` selects; the first selector that matches wins. */
  private readonly selectors: Selector[] = [];
  private readonly overrides: Policy[] = [];
  private readonly connections: Connection[] = [];

  /**
   * @param config accepted, without errors
   * @param connect makes the transport to a Redis; called once for each different `redis` block
   * @param outboxes of the root context: where charges wait, also after this configuration has been replaced
   */
  constructor(
    config: PluginConfig,
    private readonly connect: (redis: RedisConfig) => Transport,
    private readonly outboxes: Outboxes,
    private readonly metrics: Metrics,
  ) {
    const global = config.global;
    this.global = null;
    if (global !== null) this.global = this.policyOf(global);
    for (let i = 0; i < config.overrides.length; ++i) {
      this.selectors.push(config.overrides[i].selector);
      this.overrides.push(this.policyOf(config.overrides[i].config));
    }
  }

  /** The clusters of Redis in use, for the log. */
  describeRedis(): string {
    return this.connections.map<string>((connection) => connection.name).join(", ");
  }

  /** The policy that applies to a request by its host, route and cluster; null if none does. */
  select(request: HttpSource): Policy | null {
    if (this.selectors.length == 0) return this.global;
    const host = withoutBlanks(orEmpty(request.header(AUTHORITY)));
    const route = orEmpty(routeName(request));
    const cluster = orEmpty(clusterName(request));
    for (let i = 0; i < this.selectors.length; ++i) {
      if (this.selectors[i].matches(host, route, cluster)) return this.overrides[i];
    }
    return this.global;
  }

  private policyOf(config: RateLimitConfig): Policy {
    return new Policy(config, this.ledgerOf(config.redis), this.metrics);
  }

  /** Policies that name the same Redis in the same way share one ledger, because opening a connection closes all others. */
  private ledgerOf(redis: RedisConfig): Ledger {
    for (let i = 0; i < this.connections.length; ++i) {
      if (this.connections[i].config.isSameAs(redis)) return this.connections[i].ledger;
    }
    const link = new Link(this.connect(redis), this.metrics);
    const algorithm = new FixedWindow();
    const outbox = new Outbox(this.outboxes, link, algorithm, this.metrics);
    const ledger = new Ledger(link, algorithm, outbox);
    this.connections.push(new Connection(redis, link.transport.name(), ledger));
    return ledger;
  }
}

function withoutBlanks(value: Bytes): Bytes {
  return headerText(addressOf(value), value.byteLength, false);
}

function orEmpty(value: Bytes | null): Bytes {
  return value !== null ? value : EMPTY;
}

/** One Redis in use. */
@final
class Connection {
  constructor(
    readonly config: RedisConfig,
    readonly name: string,
    readonly ledger: Ledger,
  ) {}
}
