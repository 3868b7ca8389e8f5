import { IpAddress } from "../net/address";
import { Cidr } from "../net/cidr";
import { CidrTable } from "../net/cidr-table";

/** The `limit_keys` of `limit_by_per_ip`: blocks of addresses. The first block that contains an address decides. */
@final
export class AddressKeys {
  private readonly table: CidrTable;

  /** @param ids the number of each block's limit; at least as long as `blocks` */
  constructor(
    blocks: Cidr[],
    private readonly ids: StaticArray<i32>,
  ) {
    this.table = new CidrTable(blocks);
  }

  /** The number of the first block, in configured order, that contains `address`, or -1. */
  find(address: IpAddress): i32 {
    return this.table.find(address);
  }

  /** The number of the limit of a block that `find` has returned. */
  limitOf(block: i32): i32 {
    return this.ids[block];
  }

  /** For each block, whether it is the first that contains some address. */
  reachable(): StaticArray<bool> {
    const marks = new StaticArray<bool>(this.ids.length);
    this.table.markReachable(marks);
    return marks;
  }
}
