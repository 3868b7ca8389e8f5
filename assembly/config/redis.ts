import { decimalText } from "../bytes/decimal";
import { addressOf, Bytes, bytesOf, endsWith, equals } from "../bytes/bytes";
import { COLON, PIPE, QUESTION, SLASH, SPACE } from "../bytes/ascii";
import { textOf } from "../bytes/utf8";
import { Fields } from "./fields";
import { readRedisHttp, RedisHttpConfig } from "./redis-http";

const FIELDS: string[] = [
  "service_name",
  "service_port",
  "username",
  "password",
  "timeout",
  "database",
  "http",
];

const STATIC_SUFFIX = bytesOf(".static");

/** The Redis service that keeps the counters. */
@final
export class RedisConfig {
  constructor(
    readonly serviceName: Bytes,
    readonly servicePort: i32,
    readonly username: Bytes,
    readonly password: Bytes,
    /** How long one command may take, in milliseconds. */
    readonly timeout: i32,
    readonly database: i32,
    /** Used only by proxies without Redis calls. */
    readonly http: RedisHttpConfig,
  ) {}

  /** Whether `other` is the same Redis with the same settings. */
  isSameAs(other: RedisConfig): bool {
    return (
      equals(this.serviceName, other.serviceName) &&
      this.servicePort == other.servicePort &&
      equals(this.username, other.username) &&
      equals(this.password, other.password) &&
      this.timeout == other.timeout &&
      this.database == other.database &&
      this.http.isSameAs(other.http)
    );
  }

  /** The names of the fields in which another block for the same service differs; "" if there is no difference. */
  differenceTo(other: RedisConfig): string {
    const fields: string[] = [];
    if (!equals(this.username, other.username)) fields.push("username");
    if (!equals(this.password, other.password)) fields.push("password");
    if (this.timeout != other.timeout) fields.push("timeout");
    if (this.database != other.database) fields.push("database");
    return fields.join(", ");
  }

  /** The name of the service's cluster in Envoy, as Higress and Istio form it. */
  get cluster(): Bytes {
    return bytesOf(`outbound|${decimalText(this.servicePort)}||${textOf(this.serviceName)}`);
  }
}

/** Reads the `redis` block of a configuration. Problems never quote its texts, which may be secret. */
export function readRedis(fields: Fields): RedisConfig {
  const serviceName = fields.requiredText(
    "service_name",
    "the name of the Redis service, such as redis.static,",
  );
  const fault = faultOf(serviceName);
  if (fault.length > 0) fields.problems.error(fields.at("service_name"), fault);

  const port = fields.integer("service_port", 0, 0, 65535);
  const username = fields.text("username");
  const password = fields.text("password");
  const timeout = fields.integer("timeout", 0, 0, i32.MAX_VALUE);
  const database = fields.integer("database", 0, 0, i32.MAX_VALUE);
  const http = readRedisHttp(fields);
  fields.warnOfOthers(FIELDS);
  // Zero means the default, as in the published plugin.
  return new RedisConfig(
    serviceName,
    port != 0 ? <i32>port : endsWith(serviceName, STATIC_SUFFIX) ? 80 : 6379,
    username,
    password,
    timeout != 0 ? <i32>timeout : 1000,
    <i32>database,
    http,
  );
}

/** Why a name is not a valid service name; "" if it is. */
function faultOf(name: Bytes): string {
  const ptr = addressOf(name);
  for (let i = 0; i < name.byteLength; ++i) {
    const c = load<u8>(ptr + i);
    if (c == PIPE) return "must be the name of a service such as redis.static, not of a cluster";
    if (c == COLON) return "must be the name of a service alone; its port goes to service_port";
    if (c <= SPACE || c == SLASH || c == QUESTION) {
      return "must be the name of a service such as redis.static, without spaces, slashes or question marks";
    }
  }
  return "";
}
