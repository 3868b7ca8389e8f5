import { decimalText } from "../bytes/decimal";
import { borrowBuffer } from "../abi/buffers";
import { CalloutHandler } from "../abi/callouts";
import { borrowedSize, release } from "../abi/memory";
import { redisCall, redisInit } from "../abi/redis";
import { nowMilliseconds } from "../abi/time";
import { BufferType, Status } from "../abi/types";
import { ByteBuilder } from "../bytes/builder";
import { Bytes, bytesOf } from "../bytes/bytes";
import { textOf } from "../bytes/utf8";
import { RedisConfig } from "../config/redis";
import { Command, MAX_COMMAND } from "./command";
import { ReplyKind } from "./reply";
import { appendCommand, parseReply } from "./resp";
import { Failure } from "./failure";
import { Transport } from "./transport";

/** The delay before `redis_init` is repeated after an authentication error. It doubles up to the maximum. */
const FIRST_BACKOFF_MS: i64 = 1_000;
const MAX_BACKOFF_MS: i64 = 64_000;

// Commands are written into one buffer, because the host copies them during the call.
const buffer = new ByteBuilder(1024, MAX_COMMAND);

/**
 * Redis over the host calls of Higress.
 *
 * `redis_init` sets the credentials of the cluster for all plugins on this worker and closes its connections, so calls in
 * flight fail. It is therefore called once, before each command while the cluster is unknown (which has no side effect),
 * and after authentication errors only with exponential back-off.
 */
@final
export class HigressTransport extends Transport {
  private cluster: Bytes;
  private initArgument: Bytes;
  private ready: bool = false;
  private backoff: i64 = FIRST_BACKOFF_MS;
  private nextReconnect: i64 = 0;

  constructor(private config: RedisConfig) {
    super(config.timeout);
    const cluster = config.cluster;
    this.cluster = cluster;
    this.initArgument =
      config.database == 0 ? cluster : bytesOf(`${textOf(cluster)}?db=${decimalText(config.database)}`);
  }

  /** A transport for a configuration, registered with the host. */
  static connect(config: RedisConfig): Transport {
    const transport = new HigressTransport(config);
    transport.init();
    return transport;
  }

  /** Tells the host how to connect. @returns whether the host knows the cluster */
  private init(): bool {
    const config = this.config;
    const status = redisInit(this.initArgument, config.username, config.password, <u32>config.timeout);
    this.ready = status == Status.Ok;
    return this.ready;
  }

  send(verb: Bytes, script: Bytes, command: Command, handler: CalloutHandler): Failure {
    buffer.clear();
    // A truncated command would desynchronise the connection for all plugins.
    if (!appendCommand(buffer, verb, script, command)) return Failure.NotSent;
    if (!this.ready && !this.init()) return Failure.UnknownCluster;
    const status = redisCall(this.cluster, buffer, handler);
    if (status == Status.Ok) return Failure.None;
    if (status != Status.BadArgument) return Failure.NotSent;
    // The cluster was removed. If it comes back, the host may have forgotten the credentials.
    this.ready = false;
    return Failure.UnknownCluster;
  }

  receive(status: u32, size: u32): Failure {
    if (status != Status.Ok) return Failure.Network;
    const ptr = borrowBuffer(BufferType.RedisCallResponse, size);
    const isWhole = ptr != 0 && parseReply(ptr, borrowedSize(), this.reply);
    release(ptr);
    if (!isWhole) return Failure.Malformed;
    if (this.reply.kind == ReplyKind.Error) return Failure.ErrorReply;
    // The credentials were accepted, so the next authentication error starts with the first delay again.
    this.backoff = FIRST_BACKOFF_MS;
    return Failure.None;
  }

  reconnect(): bool {
    const now = nowMilliseconds();
    if (now < this.nextReconnect) return false;
    this.nextReconnect = now + this.backoff;
    this.backoff = min(this.backoff * 2, MAX_BACKOFF_MS);
    return this.init();
  }

  name(): string {
    return textOf(this.cluster);
  }
}
