import { COLON } from "../bytes/ascii";
import { ByteBuilder } from "../bytes/builder";
import { Bytes } from "../bytes/bytes";
import { HmacSha256 } from "../bytes/sha256";
import { RedisConfig } from "../config/redis";

/**
 * A hash whose key is derived from the credentials for Redis, which all replicas of the gateway have in their configuration but the
 * data in Redis does not reveal. Each purpose and name has a different key.
 */
export function secretHash(purpose: string, name: Bytes, redis: RedisConfig | null): HmacSha256 {
  const key = new ByteBuilder(128).text(purpose);
  // The lengths are included, so that no other parts give the same key.
  const parts = [name];
  if (redis !== null)
    (parts.push(redis.username), parts.push(redis.password), parts.push(redis.http.authorization));
  for (let i = 0; i < parts.length; ++i)
    key.byte(COLON).decimal(parts[i].byteLength).byte(COLON).bytes(parts[i]);
  return new HmacSha256(key.toBytes());
}
