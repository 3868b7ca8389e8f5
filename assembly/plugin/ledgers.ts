import { RedisConfig } from "../config/redis";
import { Algorithm } from "../ledger/algorithm";
import { Ledger } from "../ledger/ledger";
import { Outbox } from "../ledger/outbox";
import { Outboxes } from "../ledger/outboxes";
import { Link } from "../redis/link";
import { Metrics } from "../telemetry/metrics";
import { Connect } from "./host";

/** The ledgers of one plugin configuration: one for each different `redis` block. */
@final
export class Ledgers {
  private readonly connections: Connection[] = [];

  /**
   * @param connect called once for each different `redis` block
   * @param algorithm the algorithm of their counters
   * @param outboxes the outboxes of the root context, where charges wait even after this configuration has been replaced
   */
  constructor(
    private readonly connect: Connect,
    private readonly algorithm: Algorithm,
    private readonly outboxes: Outboxes,
    private readonly metrics: Metrics,
  ) {}

  /** The ledger in the Redis of a `redis` block. Equal blocks share one, because opening a connection closes all others. */
  of(redis: RedisConfig): Ledger {
    for (let i = 0; i < this.connections.length; ++i) {
      if (this.connections[i].config.isSameAs(redis)) return this.connections[i].ledger;
    }
    const link = new Link(this.connect(redis), this.metrics);
    const outbox = new Outbox(this.outboxes, link, this.algorithm, this.metrics);
    const ledger = new Ledger(link, this.algorithm, outbox);
    this.connections.push(new Connection(redis, link, ledger));
    return ledger;
  }

  /** How many of them have a Redis that does not answer. */
  get silent(): i32 {
    let count = 0;
    for (let i = 0; i < this.connections.length; ++i) if (this.connections[i].link.breaker.isOpen) ++count;
    return count;
  }

  /** The clusters of Redis in use, for the log. */
  describe(): string {
    return this.connections.map<string>((connection) => connection.link.transport.name()).join(", ");
  }
}

/** One Redis in use. */
@final
class Connection {
  constructor(
    readonly config: RedisConfig,
    readonly link: Link,
    readonly ledger: Ledger,
  ) {}
}
