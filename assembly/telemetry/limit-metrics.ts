import { ByteBuilder } from "../bytes/builder";
import { Bytes, bytesOf, equals, equalsAt } from "../bytes/bytes";
import { textOf } from "../bytes/utf8";
import { countsTokens } from "../ledger/counter-kind";
import { Demand } from "../ledger/demand";
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
// The window of a limit that is being charged, such as `rule_items[0].limit_keys[0]/60s`.
const window = new ByteBuilder(64);

/** What becomes of the limits of one plugin configuration. No value of a caller is in a name. */
@final
export class LimitMetrics implements LimitCounter {
  private readonly windows: WindowMetrics[] = [];

  charged(rule: Bytes, demand: Demand, reply: Reply, tokens: i64): void {
    for (let i = 0; i < demand.length; ++i) {
      if (!countsTokens(demand.kind(i))) continue;
      window.clear();
      demand.appendLimitPath(window, i);
      window.text("/").decimal(demand.windowSeconds(i)).text("s");
      const metrics = this.metricsOf(rule);
      if (metrics !== null) metrics.charged(tokens, valueAfterSettle(reply, i), demand.capacity(i));
    }
  }

  /** Those of `window`; null if there are too many. */
  private metricsOf(rule: Bytes): WindowMetrics | null {
    const windows = this.windows;
    for (let i = 0; i < windows.length; ++i) {
      const known = windows[i];
      if (equalsAt(window.ptr, window.length, known.window) && equals(rule, known.rule)) return known;
    }
    if (windows.length == MOST) return null;
    const made = new WindowMetrics(rule, window.toBytes());
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

  constructor(
    readonly rule: Bytes,
    readonly window: Bytes,
  ) {
    const shown = isShown(rule) ? rule : OTHER;
    this.tokens = new Counter(textOf(labelledName(shown, window, NONE, CHARGED).toBytes()));
    this.limit = new Gauge(textOf(labelledName(shown, window, NONE, LIMIT).toBytes()));
    this.used = new Histogram(textOf(labelledName(shown, window, NONE, USED_PERCENT).toBytes()));
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
