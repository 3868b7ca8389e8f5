import { log } from "../abi/log";
import { LogLevel } from "../abi/types";
import { Path } from "../config/path";
import { credentialsSent } from "./credentials";
import { Metric, Metrics } from "./metrics";

/** Only so many requests can cause a warning, the first ones. */
const MOST_WARNING: i32 = 64;

/**
 * Counts requests that no rule limits although a configuration applies to them, and warns the operator once for each cause.
 * Each configuration has one of these.
 */
@final
export class Unmatched {
  private seen: i32 = 0;
  private warnedOfMissing: bool = false;
  private warnedOfKeys: bool = false;

  constructor(
    private readonly items: Path,
    private readonly metrics: Metrics,
  ) {}

  /** Whether a request can still cause a warning. */
  get mayWarn(): bool {
    return this.seen < MOST_WARNING;
  }

  /**
   * Counts the current request, which is not limited.
   * @param missing the position of the first rule item for which the request has no value, or -1
   * @param isCall whether it may consume tokens: probes and preflights do not cause a warning
   */
  note(missing: i32, isCall: bool): void {
    if (isCall && this.mayWarn) this.warn(missing);
    if (this.mayWarn) ++this.seen;
    this.metrics.note(Metric.UnmatchedRequests);
    if (missing >= 0) this.metrics.note(Metric.UnidentifiedRequests);
  }

  private warn(missing: i32): void {
    if (missing < 0) {
      if (this.warnedOfKeys) return;
      this.warnedOfKeys = true;
      log(LogLevel.Warn, `${this.items}: no key matches a request, which is not limited`);
      return;
    }
    if (this.warnedOfMissing) return;
    this.warnedOfMissing = true;
    const sent = credentialsSent();
    const has = sent.length == 0 ? "none" : sent;
    log(
      LogLevel.Warn,
      `${this.items.item(missing)}: a request lacks what this rule looks at, and is not limited; credentials that it has: ${has}`,
    );
  }
}
