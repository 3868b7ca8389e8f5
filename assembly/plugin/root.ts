import { takeBuffer } from "../abi/buffers";
import { discarded } from "../abi/collector";
import { RootContext, StreamContext } from "../abi/contexts";
import { log } from "../abi/log";
import { Pool } from "../abi/pool";
import { BufferType, LogLevel } from "../abi/types";
import { addressOf, Bytes, EMPTY } from "../bytes/bytes";
import { Problems } from "../config/problems";
import { RedisConfig } from "../config/redis";
import { Algorithm } from "../ledger/algorithm";
import { Ledger } from "../ledger/ledger";
import { Outboxes } from "../ledger/outboxes";
import { HttpSource } from "../request/header-facts";
import { Metrics } from "../telemetry/metrics";
import { Readers } from "../usage/readers";
import { ConfigReader, PluginConfig } from "./config";
import { Host } from "./host";
import { Ledgers } from "./ledgers";
import { Policies } from "./policies";

/** Idle streams kept for reuse. */
const MAX_IDLE = 64;
/** Memory that a stream takes, in bytes, about. */
const STREAM_BYTES: u32 = 512;

/** Knows which policy applies to a request. */
export interface PolicySource<P> {
  /** The policy that applies to a request at this moment; null if none does. */
  select(request: HttpSource): P | null;
  /** Whether that depends on the request, such as on its route. */
  isScoped(): bool;
}

/**
 * One plugin configuration, and the streams it applies to. It owns all that outlives a stream: policies, metrics, pools, and
 * the outboxes, for whose charges the host keeps it alive (`onDone`). Several root contexts may live in one VM.
 *
 * `C` is a configuration of the plugin, `P` the policy that puts it to work.
 */
export abstract class CountingRoot<C, P> extends RootContext implements PolicySource<P> {
  private policies: Policies<P> = new Policies<P>(null);
  protected readonly metrics!: Metrics;
  protected readonly readers: Readers = new Readers();
  /** Streams that have ended and can be reused. */
  protected readonly idle: Pool<StreamContext> = new Pool<StreamContext>(MAX_IDLE);
  private readonly outboxes: Outboxes = new Outboxes();
  /** Those of the configuration that applies. */
  private ledgers: Ledgers | null = null;

  /**
   * @param metrics the beginning of the names of its metrics
   * @param algorithm the algorithm of its counters
   */
  constructor(
    id: u32,
    metrics: string,
    private readonly reader: ConfigReader<C>,
    private readonly algorithm: Algorithm,
    protected readonly host: Host,
  ) {
    super(id);
    this.metrics = new Metrics(metrics, this.outboxes);
  }

  /** Creates the policy of a configuration. @param ledger the ledger in the Redis that it names */
  protected abstract policyOf(config: C, ledger: Ledger): P;

  /** The Redis that a configuration names. */
  protected abstract redisOf(config: C): RedisConfig;

  /** Creates a stream, which returns to `idle` when it has ended. */
  protected abstract makeStream(id: u32): StreamContext;

  /** Applies a configuration as a whole, or refuses it and keeps the previous one. Logs one line for each problem. */
  onConfigure(): bool {
    const text = takeBuffer(BufferType.PluginConfiguration, u32.MAX_VALUE);
    const problems = new Problems();
    const config = this.reader.parse(text === null ? EMPTY : text, problems, this.host.sharesConnections);
    logLines(LogLevel.Warn, problems.warnings);
    logLines(LogLevel.Error, problems.errors);
    if (config === null || text === null) return false;

    const redis = this.use(config);
    log(LogLevel.Info, `${this.reader.describe(config)}; Redis: ${redis}`);
    this.metrics.configured(shortHash(text));
    return true;
  }

  /** Replaces the previous configuration as a whole. @returns the Redis clusters in use, for the log */
  use(config: PluginConfig<C>): string {
    const ledgers = new Ledgers(this.host.connect, this.algorithm, this.outboxes, this.metrics);
    const global = config.global;
    const policies = new Policies<P>(global !== null ? this.policyFor(global, ledgers) : null);
    for (let i = 0; i < config.overrides.length; ++i) {
      const rule = config.overrides[i];
      policies.add(rule.selector, this.policyFor(rule.config, ledgers));
    }
    this.policies = policies;
    this.ledgers = ledgers;
    return ledgers.describe();
  }

  isScoped(): bool {
    return this.policies.isScoped;
  }

  select(request: HttpSource): P | null {
    return this.policies.select(request);
  }

  onTick(): void {
    this.outboxes.tick();
    const ledgers = this.ledgers;
    if (ledgers !== null) this.metrics.state(ledgers.silent, this.outboxes.room.bytes);
  }

  onDelete(): void {
    this.metrics.state(0, 0);
  }

  onDone(): bool {
    this.metrics.flush();
    return this.outboxes.finish();
  }

  createStream(id: u32): StreamContext {
    const known = this.idle.take();
    if (known === null) {
      // The pool keeps a bounded number, so this stream becomes garbage sooner or later.
      discarded(STREAM_BYTES);
      return this.makeStream(id);
    }
    known.id = id;
    return known;
  }

  private policyFor(config: C, ledgers: Ledgers): P {
    return this.policyOf(config, ledgers.of(this.redisOf(config)));
  }
}

/**
 * 16 bits that tell configurations apart (FNV-1a, folded). Configurations hold credentials, and from more bits one could find out a weak
 * one that is the only thing unknown.
 */
function shortHash(text: Bytes): u32 {
  let hash: u32 = 0x811c9dc5;
  for (let i = 0; i < text.byteLength; ++i) hash = (hash ^ load<u8>(addressOf(text) + i)) * 0x01000193;
  return (hash >> 16) ^ (hash & 0xffff);
}

function logLines(level: LogLevel, lines: string[]): void {
  for (let i = 0; i < lines.length; ++i) log(level, lines[i]);
}
