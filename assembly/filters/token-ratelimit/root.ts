import { takeBuffer } from "../../abi/buffers";
import { RootContext, StreamContext } from "../../abi/contexts";
import { log } from "../../abi/log";
import { Pool } from "../../abi/pool";
import { BufferType, LogLevel } from "../../abi/types";
import { EMPTY } from "../../bytes/bytes";
import { Problems } from "../../config/problems";
import { RedisConfig } from "../../config/redis";
import { Outboxes } from "../../ledger/outboxes";
import { Transport } from "../../redis/transport";
import { HttpSource } from "../../request/http-facts";
import { Metrics } from "../../telemetry/metrics";
import { Readers } from "../../usage/readers";
import { parsePluginConfig } from "./config";
import { Policies } from "./policies";
import { Policy } from "./policy";
import { METRICS } from "./identity";
import { PolicySource, RateLimitStream } from "./stream";

/** Idle streams kept for reuse. */
const MAX_IDLE = 64;

/**
 * One plugin configuration, and the streams it applies to. It owns all that outlives a stream: policies, metrics, pools, and
 * the outboxes, for whose charges the host keeps it alive (`onDone`). Several root contexts may live in one VM.
 */
@final
export class RateLimitRoot extends RootContext implements PolicySource {
  private policies: Policies | null = null;
  private readonly metrics: Metrics = new Metrics(METRICS);
  private readonly outboxes: Outboxes = new Outboxes();
  private readonly readers: Readers = new Readers();
  /** Streams that have ended and can be used again. */
  private readonly idle: Pool<RateLimitStream> = new Pool<RateLimitStream>(MAX_IDLE);

  /**
   * @param connect makes the transport to a Redis, which differs between hosts
   * @param sharesConnections whether the host has one set of connections to a Redis service for everyone who uses it, so that
   * `redis` blocks that name the same service must agree
   */
  constructor(
    id: u32,
    private readonly connect: (redis: RedisConfig) => Transport,
    private readonly sharesConnections: bool,
  ) {
    super(id);
  }

  /** Takes over a configuration as a whole, or refuses it and keeps the previous one. Logs one line for each problem. */
  onConfigure(): bool {
    const text = takeBuffer(BufferType.PluginConfiguration, u32.MAX_VALUE);
    const problems = new Problems();
    const config = parsePluginConfig(text === null ? EMPTY : text, problems, this.sharesConnections);
    logLines(LogLevel.Warn, problems.warnings);
    logLines(LogLevel.Error, problems.errors);
    if (config === null) return false;
    const policies = new Policies(config, this.connect, this.outboxes, this.metrics);
    this.policies = policies;
    log(LogLevel.Info, `${config.describe()}; Redis: ${policies.describeRedis()}`);
    return true;
  }

  onTick(): void {
    this.outboxes.tick();
  }

  onDone(): bool {
    return this.outboxes.finish();
  }

  createStream(id: u32): StreamContext {
    const known = this.idle.take();
    if (known === null) return new RateLimitStream(id, this, this.idle, this.readers, this.metrics);
    known.id = id;
    return known;
  }

  select(request: HttpSource): Policy | null {
    const policies = this.policies;
    return policies !== null ? policies.select(request) : null;
  }
}

function logLines(level: LogLevel, lines: string[]): void {
  for (let i = 0; i < lines.length; ++i) log(level, lines[i]);
}
