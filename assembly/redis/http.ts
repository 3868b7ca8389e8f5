import { takeBuffer } from "../abi/buffers";
import { CalloutHandler } from "../abi/callouts";
import { discarded } from "../abi/collector";
import { HeaderPairs } from "../abi/headers";
import { httpCall } from "../abi/http-call";
import { BufferType, Status } from "../abi/types";
import { ByteBuilder } from "../bytes/builder";
import { Bytes, bytesOf } from "../bytes/bytes";
import { textOf } from "../bytes/utf8";
import { RedisConfig } from "../config/redis";
import { Command, MAX_COMMAND } from "./command";
import { ReplyKind } from "./reply";
import { Failure } from "./failure";
import { Transport } from "./transport";
import { appendWebdisCommand, parseWebdisReply } from "./webdis";

/** A longer response counts as malformed; the replies of our scripts have a few hundred bytes. */
const MAX_RESPONSE: u32 = 1 << 16;
/** Roughly how many bytes of garbage parsing leaves for each byte of a response. */
const GARBAGE_PER_BYTE: u32 = 16;

// Commands are written into one buffer, because the host copies them during the call.
const buffer = new ByteBuilder(2048, MAX_COMMAND);

/**
 * Redis behind an HTTP server, for proxies that offer HTTP calls but no Redis calls. The proxy manages the connections to that
 * server; the server manages those to Redis, with its own credentials.
 */
@final
export class HttpTransport extends Transport {
  private cluster: Bytes;
  private headers: Bytes;

  constructor(private config: RedisConfig) {
    super(config.timeout);
    const http = config.http;
    this.cluster = http.cluster.byteLength > 0 ? http.cluster : config.cluster;
    const headers = new HeaderPairs()
      .add(bytesOf(":method"), bytesOf("POST"))
      .add(bytesOf(":path"), http.path)
      .add(bytesOf(":authority"), config.serviceName)
      .add(bytesOf("content-type"), bytesOf("application/octet-stream"));
    if (http.authorization.byteLength > 0) headers.add(bytesOf("authorization"), http.authorization);
    this.headers = headers.encode().toBytes();
  }

  send(verb: Bytes, script: Bytes, command: Command, handler: CalloutHandler): Failure {
    buffer.clear();
    appendWebdisCommand(buffer, this.config.database, verb, script, command);
    if (command.overflowed || buffer.overflowed) return Failure.NotSent;
    const status = httpCall(this.cluster, this.headers, buffer, <u32>this.config.timeout, handler);
    if (status == Status.Ok) return Failure.None;
    return status == Status.BadArgument ? Failure.UnknownCluster : Failure.NotSent;
  }

  receive(status: u32, size: u32): Failure {
    if (status != 200) return failureOf(status);
    const body = size <= MAX_RESPONSE ? takeBuffer(BufferType.HttpCallResponseBody, size) : null;
    if (body === null || !parseWebdisReply(body, this.reply)) return Failure.Malformed;
    discarded(body.byteLength * GARBAGE_PER_BYTE);
    return this.reply.kind == ReplyKind.Error ? Failure.ErrorReply : Failure.None;
  }

  /** Each command carries the credentials, and the server holds those for Redis, so there is nothing to try again. */
  reconnect(): bool {
    return false;
  }

  name(): string {
    return textOf(this.cluster);
  }
}

/** The meaning of an HTTP status other than 200. The proxy itself also sends 5xx, if it cannot reach the server in time. */
function failureOf(status: u32): Failure {
  if (status == 401 || status == 403) return Failure.Authentication;
  return status == 0 || status >= 500 ? Failure.Network : Failure.Malformed;
}
