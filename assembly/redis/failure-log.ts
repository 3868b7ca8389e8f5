import { decimalText } from "../bytes/decimal";
import { log } from "../abi/log";
import { nowMilliseconds } from "../abi/time";
import { LogLevel } from "../abi/types";
import { Bytes } from "../bytes/bytes";
import { decodeText } from "../bytes/utf8";
import { Failure, FAILURES } from "./failure";

/** How long a kind of failure is not logged again. The next line says how many were left out. */
const QUIET_MS: i64 = 10_000;

/** Logs failures of one Redis, each kind at a bounded rate, with what to check. */
@final
export class FailureLog {
  private lastLine: StaticArray<i64> = new StaticArray<i64>(FAILURES);
  private leftOut: StaticArray<i32> = new StaticArray<i32>(FAILURES);

  constructor(private redis: string) {}

  /** @param message the error that Redis sent, if it did */
  report(failure: Failure, message: Bytes | null): void {
    const now = nowMilliseconds();
    const last = this.lastLine[failure];
    if (last != 0 && now - last < QUIET_MS && now >= last) {
      this.leftOut[failure]++;
      return;
    }
    this.lastLine[failure] = max(now, 1);
    const more = this.leftOut[failure];
    this.leftOut[failure] = 0;
    const repeated = more > 0 ? ` (and ${decimalText(more)} times more since the last such line)` : "";
    const code = message !== null ? errorCode(message) : "";
    const error = code + hintOf(code);
    log(
      LogLevel.Error,
      `Redis ${this.redis}: ${explain(failure)}${error}${repeated}; requests pass unlimited`,
    );
  }
}

function explain(failure: Failure): string {
  switch (failure) {
    case Failure.UnknownCluster:
      return "the gateway does not know this cluster; check redis.service_name and service_port (or redis.http.cluster), and that the service is registered (McpBridge)";
    case Failure.NotSent:
      return "no healthy host; check that Redis is up and that its address is right";
    case Failure.Network:
      return "the connection failed, or no reply came in time; check that Redis is up, and redis.timeout";
    case Failure.Authentication:
      return "it refuses the credentials; check redis.username and redis.password (or redis.http.authorization)";
    case Failure.ErrorReply:
      return "it answered with an error: ";
    case Failure.ScriptsRefused:
      return "it refuses scripts; allow its user EVALSHA and EVAL, the commands in them, and all keys of this filter, or use a Redis that has scripts: ";
    case Failure.NoDatabase:
      return "it does not have the configured database; check redis.database: ";
    case Failure.Redirected:
      return "it is a node of a cluster, and another node has the counter; name a proxy in front of the cluster, which finds the node, as the Redis of this limit: ";
    default:
      return "the reply is not that to the command; check that redis.service_name names a Redis (or redis.http.cluster a Webdis), and redis.timeout: what Redis answers later may reach somebody else";
  }
}

/** What the commonest errors of Redis mean for an operator. */
function hintOf(code: string): string {
  if (code == "OOM") return "; it is full";
  if (code == "READONLY") return "; it is a replica: name the master";
  return "";
}

/** The first word of an error, such as WRONGTYPE or NOPERM: the rest may quote keys, which hold callers' secrets. */
function errorCode(message: Bytes): string {
  const text = decodeText(changetype<usize>(message), min(message.byteLength, 32));
  const space = text.indexOf(" ");
  return space < 0 ? text : text.substring(0, space);
}
