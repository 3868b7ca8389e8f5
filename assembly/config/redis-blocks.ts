import { addressOf } from "../bytes/bytes";
import { ByteTable } from "../bytes/table";
import { JsonType } from "../json/values";
import { Fields } from "./fields";
import { Path } from "./path";
import { Problems } from "./problems";
import { readRedis, RedisConfig } from "./redis";

/**
 * The `redis` blocks of a configuration, collected to compare them. Higress opens all connections to a service with the settings
 * that it got last. So two blocks with different settings for one service would silently share a user, a password, a timeout
 * and a database.
 */
@final
export class RedisBlocks {
  private readonly blocks: RedisConfig[] = [];
  private readonly paths: Path[] = [];

  add(block: RedisConfig, path: Path): void {
    this.blocks.push(block);
    this.paths.push(path);
  }

  /** Reports each block whose settings for a service differ from those of the first block that names it. */
  compare(problems: Problems): void {
    /** Maps the name of a service's cluster to the first block that names it. */
    const firsts = new ByteTable(this.blocks.length);
    for (let i = 0; i < this.blocks.length; ++i) {
      const block = this.blocks[i];
      const cluster = block.cluster;
      if (firsts.add(cluster, i)) continue;
      const first = firsts.find(addressOf(cluster), cluster.byteLength);
      const difference = block.differenceTo(this.blocks[first]);
      if (difference.length == 0) continue;
      const reason =
        "the gateway reaches a service in one way only; give both the same, or services of their own";
      problems.error(
        this.paths[i],
        `names the service of ${this.paths[first]} with another ${difference}; ${reason}`,
      );
    }
  }
}

/**
 * Reads the field `redis` of a configuration.
 * @param blocks where it is added
 * @returns null, and an error, if there is none
 */
export function readRedisOf(fields: Fields, blocks: RedisBlocks): RedisConfig | null {
  const value = fields.get("redis");
  const path = fields.at("redis");
  if (value === null) {
    fields.problems.error(
      path,
      "is missing; an object with service_name, the name of a Redis service, is expected",
    );
    return null;
  }
  if (value.type == JsonType.String) {
    fields.problems.error(path, "must be an object, is a string; the name of a service is its service_name");
    return null;
  }
  const block = Fields.of(value, path, fields.problems);
  if (block === null) return null;
  const redis = readRedis(block);
  blocks.add(redis, path);
  return redis;
}
