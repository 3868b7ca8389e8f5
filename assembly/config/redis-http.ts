import { DEL, SLASH, SPACE } from "../bytes/ascii";
import { addressOf, Bytes, bytesOf, EMPTY, equals } from "../bytes/bytes";
import { textOf } from "../bytes/utf8";
import { JsonType } from "../json/values";
import { Fields } from "./fields";

const FIELDS: string[] = ["cluster", "path", "api", "authorization"];

const ROOT_PATH = bytesOf("/");

/** The HTTP server in front of Redis, for proxies without Redis calls. */
@final
export class RedisHttpConfig {
  constructor(
    /** The name of its cluster in Envoy. If empty, it follows from `service_name` and `service_port`. */
    readonly cluster: Bytes,
    readonly path: Bytes,
    /** The value of the header `authorization`; empty if there is none. */
    readonly authorization: Bytes,
  ) {}

  isSameAs(other: RedisHttpConfig): bool {
    return (
      equals(this.cluster, other.cluster) &&
      equals(this.path, other.path) &&
      equals(this.authorization, other.authorization)
    );
  }
}

/** Reads the block `http` of a `redis` block. If it is missing, all its fields have their defaults. */
export function readRedisHttp(redis: Fields): RedisHttpConfig {
  const value = redis.get("http");
  if (value === null || value.type == JsonType.Null) return new RedisHttpConfig(EMPTY, ROOT_PATH, EMPTY);
  const fields = Fields.of(value, redis.at("http"), redis.problems);
  if (fields === null) return new RedisHttpConfig(EMPTY, ROOT_PATH, EMPTY);

  const path = fields.text("path");
  if (path.byteLength > 0 && (load<u8>(addressOf(path)) != SLASH || !isVisible(path, false))) {
    fields.problems.error(
      fields.at("path"),
      "must begin with a slash, and hold printable ASCII without spaces",
    );
  }
  const authorization = fields.text("authorization");
  if (!isVisible(authorization, true)) {
    const message = "must be the value of a header such as Basic dXNlcjpwYXNz: printable ASCII";
    fields.problems.error(fields.at("authorization"), message);
  }
  const api = textOf(fields.text("api"));
  if (api.length > 0 && api != "webdis") {
    fields.problems.error(fields.at("api"), "must be webdis, the only one there is");
  }
  const cluster = fields.text("cluster");
  fields.warnOfOthers(FIELDS);
  return new RedisHttpConfig(cluster, path.byteLength > 0 ? path : ROOT_PATH, authorization);
}

/** Whether all bytes are printable ASCII, which a header may contain. */
function isVisible(text: Bytes, spaces: bool): bool {
  for (let i = 0; i < text.byteLength; ++i) {
    const c = load<u8>(addressOf(text) + i);
    if (c < SPACE || c >= DEL || (c == SPACE && !spaces)) return false;
  }
  return true;
}
