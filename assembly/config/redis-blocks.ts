import { addressOf } from "../bytes/bytes";
import { ByteTable } from "../bytes/table";
import { Path } from "./path";
import { Problems } from "./problems";
import { RedisConfig } from "./redis";

/**
 * The `redis` blocks of a configuration, to be compared with each other. Higress opens the connections to a service in one
 * way for all who use it, the last that it was told: two blocks that name a service in different ways would share a user, a
 * password, a timeout and a database without a word.
 */
@final
export class RedisBlocks {
  private readonly blocks: RedisConfig[] = [];
  private readonly paths: Path[] = [];

  add(block: RedisConfig, path: Path): void {
    this.blocks.push(block);
    this.paths.push(path);
  }

  /** Reports each block that names a service in another way than the first that names it. */
  compare(problems: Problems): void {
    /** From the name of a service's cluster to the first block that names it. */
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
