import { addressOf, Bytes } from "../bytes/bytes";
import { sort } from "../bytes/sort";
import { ByteTable } from "../bytes/table";
import { AUTOMATON_COST, simulationCost } from "../regex/cost";
import { Literal } from "../regex/literal";
import { isDeterministic, RegexCheck } from "../regex/regex";
import { MAX_SEARCHED } from "./value-keys";

/** How many patterns of a configuration are compiled to learn their cost; the rest are assumed to be simulated. */
export const MAX_COMPILED: i32 = 1024;

/** What one pattern may cost. */
@final
class Cost {
  /** Whether it is known: then `perByte` is what the pattern itself takes, and else the most that its size can take. */
  isKnown: bool = false;

  constructor(
    /** Its number among the keys. */
    readonly key: i32,
    readonly pattern: Bytes,
    readonly literal: Literal,
    /** Nanoseconds for each byte of a value. */
    public perByte: i32,
  ) {}

  get isSimulated(): bool {
    return this.isKnown && this.perByte != AUTOMATON_COST;
  }
}

/**
 * The most time that the patterns of a rule item can take on one value, when none matches. Those are tried together whose
 * literals one value can have: prefixes only if one is the beginning of the other, those that stand anywhere as long as there
 * is room for them side by side, and those without a literal always.
 */
@final
export class PatternCosts {
  private readonly costs: Cost[] = [];

  /** Adds a pattern that was found right, unless it is never tried, because its literal is enough. */
  add(key: i32, pattern: Bytes, check: RegexCheck): void {
    const literal = check.literal;
    if (literal !== null && !literal.isEnough) {
      this.costs.push(new Cost(key, pattern, literal, simulationCost(check.size)));
    }
  }

  /** The most nanoseconds for one value, as far as is known. */
  get worst(): i64 {
    return <i64>MAX_SEARCHED * (this.ofOthers() + this.ofInner() + this.ofPrefixes());
  }

  /** What those that are surely simulated take of it, if they have no literal. */
  get certain(): i64 {
    let sum: i64 = 0;
    for (let i = 0; i < this.costs.length; ++i) {
      const cost = this.costs[i];
      if (cost.isSimulated && cost.literal.bytes.byteLength == 0) sum += cost.perByte;
    }
    return MAX_SEARCHED * sum;
  }

  /** The key whose pattern takes most, or -1. */
  get dearest(): i32 {
    let dearest = -1;
    let most = 0;
    for (let i = 0; i < this.costs.length; ++i) {
      if (this.costs[i].perByte <= most) continue;
      most = this.costs[i].perByte;
      dearest = this.costs[i].key;
    }
    return dearest;
  }

  /** Nanoseconds that a key's pattern may take. */
  ofKey(key: i32): i64 {
    for (let i = 0; i < this.costs.length; ++i) {
      if (this.costs[i].key == key) return <i64>MAX_SEARCHED * this.costs[i].perByte;
    }
    return 0;
  }

  /** Compiles at most `most` patterns to learn what they cost; returns how many. */
  learn(most: i32): i32 {
    const count = min(most, this.costs.length);
    for (let i = 0; i < count; ++i) {
      const cost = this.costs[i];
      cost.isKnown = true;
      if (isDeterministic(cost.pattern)) cost.perByte = AUTOMATON_COST;
    }
    return count;
  }

  private ofOthers(): i64 {
    let sum: i64 = 0;
    for (let i = 0; i < this.costs.length; ++i) {
      if (this.costs[i].literal.bytes.byteLength == 0) sum += this.costs[i].perByte;
    }
    return sum;
  }

  /** The dearest of those whose literals have room in a value. */
  private ofInner(): i64 {
    const inner = this.costs.filter((cost) => cost.literal.bytes.byteLength > 0 && !cost.literal.isPrefix);
    // By what they take for each byte of room.
    sort(inner, (a, b) => b.perByte * a.literal.bytes.byteLength - a.perByte * b.literal.bytes.byteLength);
    let sum: i64 = 0;
    let room = MAX_SEARCHED;
    for (let i = 0; i < inner.length && room > 0; ++i) {
      sum += inner[i].perByte;
      room -= inner[i].literal.bytes.byteLength;
    }
    return sum;
  }

  /** The dearest of the prefixes with all that it begins with. */
  private ofPrefixes(): i64 {
    const table = new ByteTable();
    const sums: i64[] = [];
    for (let i = 0; i < this.costs.length; ++i) {
      const literal = this.costs[i].literal;
      if (literal.bytes.byteLength == 0 || !literal.isPrefix) continue;
      const known = table.find(addressOf(literal.bytes), literal.bytes.byteLength);
      if (known >= 0) {
        sums[known] += this.costs[i].perByte;
      } else {
        table.add(literal.bytes, sums.length);
        sums.push(this.costs[i].perByte);
      }
    }
    let most: i64 = 0;
    for (let i = 0; i < this.costs.length; ++i) {
      const literal = this.costs[i].literal;
      if (!literal.isPrefix) continue;
      let sum: i64 = 0;
      for (let length = 1; length <= literal.bytes.byteLength; ++length) {
        const known = table.find(addressOf(literal.bytes), length);
        if (known >= 0) sum += sums[known];
      }
      most = max(most, sum);
    }
    return most;
  }
}
