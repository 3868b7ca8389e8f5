import { getHeader } from "../abi/headers";
import { log } from "../abi/log";
import { HeaderMapType, LogLevel } from "../abi/types";
import { bytesOf } from "../bytes/bytes";
import { Path } from "../config/path";
import { Metrics } from "./metrics";

/** So many requests are counted at once, and may lead to a warning; then the host is told of as many together. */
const BATCH: i32 = 64;
/** Where clients put their credentials. */
const CREDENTIALS: string[] = ["authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie"];

/**
 * Requests that no rule limits, although a configuration applies to them: counted, and the operator is told once for
 * each cause. One per configuration.
 */
@final
export class Unmatched {
  private seen: i32 = 0;
  private requests: i32 = 0;
  private unidentified: i32 = 0;
  private warnedOfMissing: bool = false;
  private warnedOfKeys: bool = false;

  constructor(
    private readonly items: Path,
    private readonly metrics: Metrics,
  ) {}

  /** Whether a request may still lead to a warning. */
  get mayWarn(): bool {
    return this.seen < BATCH;
  }

  /**
   * The current request is not limited.
   * @param missing the position of the first rule item that found nothing to look at, or -1
   * @param isCall whether it may consume tokens: probes and preflights are no reason to worry
   */
  note(missing: i32, isCall: bool): void {
    if (isCall && this.mayWarn) this.warn(missing);
    ++this.seen;
    ++this.requests;
    if (missing >= 0) ++this.unidentified;
    if (this.mayWarn || this.requests >= BATCH) this.flush();
  }

  private flush(): void {
    this.metrics.unmatched(this.requests, this.unidentified);
    this.requests = 0;
    this.unidentified = 0;
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
    let has = "";
    for (let i = 0; i < CREDENTIALS.length; ++i) {
      if (getHeader(HeaderMapType.HttpRequestHeaders, bytesOf(CREDENTIALS[i])) === null) continue;
      if (has.length > 0) has += ", ";
      has += CREDENTIALS[i];
    }
    if (has.length == 0) has = "none";
    log(
      LogLevel.Warn,
      `${this.items.item(missing)}: a request lacks what this rule looks at, and is not limited; credentials that it has: ${has}`,
    );
  }
}
