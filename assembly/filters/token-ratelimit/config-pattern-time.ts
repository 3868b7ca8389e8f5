import { decimalText } from "../../bytes/decimal";
import { Path } from "../../config/path";
import { Problems } from "../../config/problems";
import { MAX_COMPILED, PatternCosts } from "../../rules/pattern-costs";

/** How long the patterns of a configuration may take for one request, in nanoseconds. Above this, there is a warning. */
const MUCH_TIME: i64 = 1_000_000;
/** Above this, the configuration is refused. */
const TOO_MUCH_TIME: i64 = 1_000_000_000;

/** Checks how long the patterns of a configuration may keep a worker busy with one request. */
@final
export class PatternTime {
  /** The costs of the patterns of each item, and the paths of its keys. */
  private readonly costs: PatternCosts[] = [];
  private readonly paths: Path[] = [];
  private readonly firsts: i32[] = [];
  private readonly fields: string[] = [];

  constructor(private readonly problems: Problems) {}

  /**
   * Adds patterns of one value.
   * @param path of the list that has them, the first of them at the position `first`
   * @param field the field of an element that has the pattern
   */
  add(costs: PatternCosts, path: Path, first: i32, field: string): void {
    this.costs.push(costs);
    this.paths.push(path);
    this.firsts.push(first);
    this.fields.push(field);
  }

  /**
   * Warns about too much time, and refuses far too much: one value may be tried with the patterns of all items.
   * @param path the path of `rule_items`
   */
  check(path: Path): void {
    if (this.worstTime() <= MUCH_TIME) return;
    // This is an upper bound, so learn the real cost of the patterns.
    let left = MAX_COMPILED;
    for (let i = 0; i < this.costs.length; ++i) left -= this.costs[i].learn(left);
    const worst = this.worstTime();
    if (worst <= MUCH_TIME) return;
    let certain: i64 = 0;
    let dearest = 0;
    for (let i = 0; i < this.costs.length; ++i) {
      certain += this.costs[i].certain;
      if (this.timeOfDearest(i) > this.timeOfDearest(dearest)) dearest = i;
    }
    const position = this.firsts[dearest] + this.costs[dearest].dearest;
    const key = this.paths[dearest].item(position).field(this.fields[dearest]);
    const most = `most of it, ${inMilliseconds(this.timeOfDearest(dearest))}, ${key}`;
    const cost = `have patterns that may take about ${inMilliseconds(worst)} of a worker for one request, ${most}`;
    if (certain <= TOO_MUCH_TIME) this.problems.warning(path, `${cost}; counted repetitions cost most`);
    else this.problems.error(path, `${cost}; at most ${inMilliseconds(TOO_MUCH_TIME)} are allowed`);
  }

  private worstTime(): i64 {
    let sum: i64 = 0;
    for (let i = 0; i < this.costs.length; ++i) sum += this.costs[i].worst;
    return sum;
  }

  private timeOfDearest(item: i32): i64 {
    return this.costs[item].ofKey(this.costs[item].dearest);
  }
}

/** "12 ms" and, below ten, "1.2 ms". */
function inMilliseconds(nanoseconds: i64): string {
  const tenths = (nanoseconds + 50_000) / 100_000;
  return tenths < 100
    ? `${decimalText(tenths / 10)}.${decimalText(tenths % 10)} ms`
    : `${decimalText((tenths + 5) / 10)} ms`;
}
