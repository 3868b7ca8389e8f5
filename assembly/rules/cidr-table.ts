import { IpAddress } from "./address";
import { Cidr } from "./cidr";

/**
 * From an address to the first of a list of blocks, in their given order, that contains it.
 *
 * Blocks are nested or apart, so their borders cut the address space into runs with one answer each. These are
 * computed once; a lookup is a binary search, whose cost grows with the logarithm of the number of blocks and not
 * with their lengths or their nesting. IPv4 and IPv6 are kept apart, except for blocks of everyone.
 */
@final
export class CidrTable {
  private readonly v4: Runs;
  private readonly v6: Runs;

  constructor(blocks: Cidr[]) {
    const v4: Numbered[] = [];
    const v6: Numbered[] = [];
    for (let i = 0; i < blocks.length; ++i) {
      const block = blocks[i];
      if (block.first.isV4 || block.isEveryone) v4.push(new Numbered(block, i));
      if (!block.first.isV4 || block.isEveryone) v6.push(new Numbered(block, i));
    }
    this.v4 = new Runs(v4);
    this.v6 = new Runs(v6);
  }

  /** The position of the first block that contains `address`, or -1. */
  find(address: IpAddress): i32 {
    return address.isV4 ? this.v4.find(address) : this.v6.find(address);
  }

  /** Marks the positions of all blocks that some address finds: those that earlier blocks do not cover. */
  markReachable(marks: StaticArray<bool>): void {
    this.v4.markReachable(marks);
    this.v6.markReachable(marks);
  }
}

/** A block and its position in the configuration. */
@final
class Numbered {
  constructor(
    readonly block: Cidr,
    readonly position: i32,
  ) {}
}

/** Runs of addresses with the same answer: where each begins, ascending, and the answer. */
@final
class Runs {
  private readonly high: u64[] = [0];
  private readonly low: u64[] = [0];
  private readonly answer: i32[] = [-1];

  constructor(blocks: Numbered[]) {
    // Outer blocks before the inner ones that begin with them.
    blocks.sort((a, b) => {
      const order = compare(a.block.first, b.block.first);
      return order != 0 ? order : a.block.bits - b.block.bits;
    });
    // The blocks around the current one, outermost first, and the answer within each.
    const open: Cidr[] = [];
    const best: i32[] = [];
    for (let i = 0; i < blocks.length; ++i) {
      const block = blocks[i].block;
      while (open.length > 0 && compare(open[open.length - 1].last, block.first) < 0) this.close(open, best);
      let answer = blocks[i].position;
      if (best.length > 0) answer = min(answer, best[best.length - 1]);
      open.push(block);
      best.push(answer);
      this.begin(block.first.high, block.first.low, answer);
    }
    while (open.length > 0) this.close(open, best);
  }

  find(address: IpAddress): i32 {
    // The last run that begins at or before the address; the first begins at zero.
    let from = 0;
    let to = this.answer.length;
    while (to - from > 1) {
      const middle = (from + to) >>> 1;
      const high = this.high[middle];
      if (high < address.high || (high == address.high && this.low[middle] <= address.low)) from = middle;
      else to = middle;
    }
    return this.answer[from];
  }

  markReachable(marks: StaticArray<bool>): void {
    for (let i = 0; i < this.answer.length; ++i) {
      const answer = this.answer[i];
      if (answer >= 0) marks[answer] = true;
    }
  }

  /** Ends the innermost open block: after its last address, the answer is that of the block around it. */
  private close(open: Cidr[], best: i32[]): void {
    const last = open.pop().last;
    best.pop();
    const low = last.low + 1;
    const high = low == 0 ? last.high + 1 : last.high;
    const atEndOfSpace = low == 0 && high == 0;
    if (!atEndOfSpace) this.begin(high, low, best.length > 0 ? best[best.length - 1] : -1);
  }

  /** Starts a run at an address not below the start of the latest one. */
  private begin(high: u64, low: u64, answer: i32): void {
    const latest = this.answer.length - 1;
    if (this.high[latest] == high && this.low[latest] == low) {
      this.answer[latest] = answer;
    } else if (this.answer[latest] != answer) {
      this.high.push(high);
      this.low.push(low);
      this.answer.push(answer);
    }
  }
}

function compare(a: IpAddress, b: IpAddress): i32 {
  if (a.high != b.high) return a.high < b.high ? -1 : 1;
  return a.low == b.low ? 0 : a.low < b.low ? -1 : 1;
}
