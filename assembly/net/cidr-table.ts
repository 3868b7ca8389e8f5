import { sort } from "../bytes/sort";
import { IpAddress } from "./address";
import { Cidr } from "./cidr";

/**
 * Finds the first of a list of blocks, in the given order, that contains an address.
 *
 * Two blocks are nested or disjoint, so their borders divide the address space into runs with one answer each. The runs are
 * computed once. The cost of a lookup grows with the logarithm of the number of blocks, and does not depend on their lengths or
 * nesting. IPv4 and IPv6 are separate, except for blocks that contain everyone.
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
    this.v4 = new Runs(new Cuts(v4, true));
    this.v6 = new Runs(new Cuts(v6, false));
  }

  /** The position of the first block that contains `address`, or -1. */
  find(address: IpAddress): i32 {
    return address.isV4 ? this.v4.find(address.low, 0) : this.v6.find(address.high, address.low);
  }

  /** Marks the positions of all blocks that some address can find: those that earlier blocks do not cover. */
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

/** The number of keys in a node of `Runs`. */
const NODE: i32 = 8;

/**
 * Runs of addresses with the same answer: where each begins, in ascending order, and the answer. Most runs differ in one half of
 * their addresses, so a search reads only this half, called major. It descends a static B-tree: the leaves are the major halves,
 * and each level above has every eighth number of the level below.
 */
@final
class Runs {
  /** The levels, from the leaves up. The first number in each is zero. */
  private readonly levels: StaticArray<StaticArray<u64>>;
  /** The other halves of the addresses at which runs begin. */
  private readonly minors: StaticArray<u64>;
  private readonly answers: StaticArray<i32>;

  constructor(cuts: Cuts) {
    this.minors = StaticArray.fromArray(cuts.minors);
    this.answers = StaticArray.fromArray(cuts.answers);
    const levels = [StaticArray.fromArray(cuts.majors)];
    for (let level = levels[0]; level.length > NODE; levels.push(level)) level = everyEighth(level);
    this.levels = StaticArray.fromArray(levels);
  }

  /** The answer of the last run that begins at or before an address. */
  find(major: u64, minor: u64): i32 {
    let run = 0;
    for (let i = this.levels.length - 1; i >= 0; --i) {
      const level = this.levels[i];
      const from = run * NODE;
      const node = changetype<usize>(level) + ((<usize>from) << 3);
      const end = node + ((<usize>min(NODE, level.length - from)) << 3);
      // This counts without branches, which no processor could predict. The first number of a node is never above `major`.
      run = from - 1;
      for (let at = node; at < end; at += 8) run += i32(load<u64>(at) <= major);
    }
    if (this.levels[0][run] == major && this.minors[run] > minor) run = this.earlier(run, major, minor);
    return this.answers[run];
  }

  markReachable(marks: StaticArray<bool>): void {
    for (let i = 0; i < this.answers.length; ++i) {
      const answer = this.answers[i];
      if (answer >= 0) marks[answer] = true;
    }
  }

  /** The last run before `run` that begins at or before an address. */
  private earlier(run: i32, major: u64, minor: u64): i32 {
    const majors = this.levels[0];
    let from = 0;
    let to = run;
    while (to - from > 1) {
      const middle = (from + to) >>> 1;
      if (majors[middle] < major || this.minors[middle] <= minor) from = middle;
      else to = middle;
    }
    return from;
  }
}

function everyEighth(numbers: StaticArray<u64>): StaticArray<u64> {
  const picked = new StaticArray<u64>((numbers.length + NODE - 1) / NODE);
  for (let i = 0; i < picked.length; ++i) picked[i] = numbers[i * NODE];
  return picked;
}

/** Runs under construction. */
@final
class Cuts {
  readonly majors: u64[] = [0];
  readonly minors: u64[] = [0];
  readonly answers: i32[] = [-1];

  /** @param isV4 whether these are IPv4 addresses, which differ in the low half, or IPv6 addresses, which differ in the high half */
  constructor(
    blocks: Numbered[],
    private readonly isV4: bool,
  ) {
    // Outer blocks come before inner ones with the same first address.
    sort(blocks, (a, b) => {
      const order = compare(a.block.first, b.block.first);
      return order != 0 ? order : a.block.bits - b.block.bits;
    });
    // The blocks that contain the current one, outermost first, and the answer within each.
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

  /** Ends the innermost open block. After its last address, the answer is that of the enclosing block. */
  private close(open: Cidr[], best: i32[]): void {
    const last = open.pop().last;
    best.pop();
    const low = last.low + 1;
    const high = low == 0 ? last.high + 1 : last.high;
    const atEndOfSpace = low == 0 && high == 0;
    if (!atEndOfSpace) this.begin(high, low, best.length > 0 ? best[best.length - 1] : -1);
  }

  /** Starts a run at an address that is not below the start of the latest run. */
  private begin(high: u64, low: u64, answer: i32): void {
    const major = this.isV4 ? low : high;
    const minor = this.isV4 ? 0 : low;
    const latest = this.answers.length - 1;
    if (this.majors[latest] == major && this.minors[latest] == minor) {
      this.answers[latest] = answer;
    } else if (this.answers[latest] != answer) {
      this.majors.push(major);
      this.minors.push(minor);
      this.answers.push(answer);
    }
  }
}

function compare(a: IpAddress, b: IpAddress): i32 {
  if (a.high != b.high) return a.high < b.high ? -1 : 1;
  return a.low == b.low ? 0 : a.low < b.low ? -1 : 1;
}
