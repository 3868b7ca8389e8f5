import { ByteBuilder } from "../bytes/builder";
import { Bytes, bytesOf, equals } from "../bytes/bytes";
import { textOf } from "../bytes/utf8";
import { countsTokens } from "../ledger/counter-kind";
import { Demand } from "../ledger/demand";
import { appendLimitPath } from "../ledger/limit-path";
import { valueAfterSettle } from "../ledger/settlement";
import { Reply } from "../redis/reply";
import { Counter } from "./counter";
import { Gauge } from "./gauge";
import { Histogram } from "./histogram";
import { isShown, labelledName } from "./labelled-name";
import { LimitCounter } from "./metrics";

/** So many windows of limits have metrics of their own: the first to which calls are charged. Hosts never forget a metric. */
const MOST: i32 = 32;
const CHARGED = bytesOf(".token_ratelimit_charged");
const LIMIT = bytesOf(".token_ratelimit_limit");
const USED_PERCENT = bytesOf(".token_ratelimit_used_percent");
const NONE = bytesOf("none");
const OTHER = bytesOf("other");

/** What becomes of the limits of one plugin configuration. No value of a caller is in a name. */
@final
export class LimitMetrics implements LimitCounter {
  private readonly windows: WindowMetrics[] = [];

  charged(rule: Bytes, demand: Demand, reply: Reply, tokens: i64): void {
    for (let i = 0; i < demand.length; ++i) {
      if (!countsTokens(demand.kind(i))) continue;
      const metrics = this.metricsOf(rule, demand, i);
      if (metrics !== null) metrics.charged(tokens, valueAfterSettle(reply, i), demand.capacity(i));
    }
  }

  /** Those of a row's window; null if there are too many. */
  private metricsOf(rule: Bytes, demand: Demand, row: i32): WindowMetrics | null {
    const windows = this.windows;
    for (let i = 0; i < windows.length; ++i) {
      const known = unchecked(windows[i]);
      if (known.isOf(rule, demand, row)) return known;
    }
    if (windows.length == MOST) return null;
    const made = new WindowMetrics(rule, demand, row);
    windows.push(made);
    return made;
  }

  flush(): void {
    for (let i = 0; i < this.windows.length; ++i) this.windows[i].flush();
  }
}

/** One window of a limit. */
@final
class WindowMetrics {
  private readonly tokens: Counter;
  private readonly limit: Gauge;
  private readonly used: Histogram;
  private capacity: i64 = 0;
  /** The highest share that a counter has had since the last tick, in percent. */
  private highest: i64 = 0;

  private readonly item: i32;
  private readonly limitKey: i32;
  private readonly seconds: i32;

  /** @param rule the name of the rules that a demand comes from, one of whose rows is for this window */
  constructor(
    private readonly rule: Bytes,
    demand: Demand,
    row: i32,
  ) {
    const seconds = demand.windowSeconds(row);
    this.item = demand.item(row);
    this.limitKey = demand.limitKey(row);
    this.seconds = seconds;
    const name = new ByteBuilder(64);
    appendLimitPath(name, demand, row);
    const window = name.text("/").decimal(seconds).text("s").toBytes();
    const shown = isShown(rule) ? rule : OTHER;
    this.tokens = new Counter(textOf(labelledName(shown, window, NONE, CHARGED).toBytes()));
    this.limit = new Gauge(textOf(labelledName(shown, window, NONE, LIMIT).toBytes()));
    this.used = new Histogram(textOf(labelledName(shown, window, NONE, USED_PERCENT).toBytes()));
  }

  /** Whether a row of a demand is for this window. */
  isOf(rule: Bytes, demand: Demand, row: i32): bool {
    return (
      this.item == demand.item(row) &&
      this.limitKey == demand.limitKey(row) &&
      this.seconds == demand.windowSeconds(row) &&
      (this.rule === rule || equals(this.rule, rule))
    );
  }

  charged(tokens: i64, value: i64, capacity: i64): void {
    this.tokens.note(tokens);
    this.capacity = capacity;
    this.highest = max(this.highest, (value * 100) / capacity);
  }

  flush(): void {
    if (this.highest == 0) return;
    this.tokens.flush();
    this.limit.set(this.capacity);
    this.used.record(this.highest);
    this.highest = 0;
  }
}
