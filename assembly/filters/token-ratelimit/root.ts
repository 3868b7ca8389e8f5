import { takeBuffer } from "../../abi/buffers";
import { RootContext, StreamContext } from "../../abi/contexts";
import { log } from "../../abi/log";
import { BufferType, LogLevel } from "../../abi/types";
import { EMPTY } from "../../bytes/bytes";
import { Problems } from "../../config/problems";
import { RedisConfig } from "../../config/redis";
import { Transport } from "../../redis/transport";
import { HttpSource } from "../../request/http-facts";
import { parsePluginConfig } from "./config";
import { ChargeQueues } from "./charge-queues";
import { Counts } from "./counts";
import { Limiter } from "./limiter";
import { ActiveLimits } from "./active-limits";
import { PREFIX } from "./prefix";
import { Readers } from "./readers";
import { RateLimitStream } from "./stream";

/** Idle streams kept for reuse. */
const MAX_IDLE = 64;

/** One plugin configuration, and the streams that it applies to. */
@final
export class RateLimitRoot extends RootContext {
  private limits: ActiveLimits | null = null;
  private counts: Counts = new Counts();
  private charges: ChargeQueues = new ChargeQueues();
  private readers: Readers = new Readers();
  /** Streams that have ended and can be used again. */
  private idle: RateLimitStream[] = [];

  /**
   * @param connect makes a way to a Redis, which differs between gateways
   * @param sharesConnections whether the gateway reaches a Redis service in one way for all who use it
   */
  constructor(
    id: u32,
    private connect: (redis: RedisConfig) => Transport,
    private sharesConnections: bool,
  ) {
    super(id);
  }

  /** Takes a configuration over as a whole, or refuses it with one line per problem. */
  onConfigure(): bool {
    const text = takeBuffer(BufferType.PluginConfiguration, u32.MAX_VALUE);
    const problems = new Problems();
    const config = parsePluginConfig(text === null ? EMPTY : text, problems, this.sharesConnections);
    logLines(LogLevel.Warn, problems.warnings);
    logLines(LogLevel.Error, problems.errors);
    if (config === null) return false;
    const limits = new ActiveLimits(config, this.connect, this.counts, this.charges, this.readers);
    this.limits = limits;
    log(LogLevel.Info, `${PREFIX}${config.describe()}; Redis: ${limits.describeRedis()}`);
    return true;
  }

  onTick(): void {
    this.charges.tick();
  }

  onDone(): bool {
    return this.charges.finish();
  }

  createStream(id: u32): StreamContext {
    if (this.idle.length == 0) return new RateLimitStream(id, this);
    const stream = this.idle.pop();
    stream.id = id;
    return stream;
  }

  /** Keeps a stream that has ended for a later one. */
  takeBack(stream: RateLimitStream): void {
    if (this.idle.length < MAX_IDLE) this.idle.push(stream);
  }

  /** The rate limit that applies to a request, or null when none does. */
  select(request: HttpSource): Limiter | null {
    const limits = this.limits;
    return limits !== null ? limits.select(request) : null;
  }
}

function logLines(level: LogLevel, lines: string[]): void {
  for (let i = 0; i < lines.length; ++i) log(level, PREFIX + lines[i]);
}
