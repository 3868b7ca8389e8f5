import { log } from "../abi/log";
import { getProperty, setProperty } from "../abi/properties";
import { LogLevel } from "../abi/types";
import { inLowerCase } from "../bytes/ascii";
import { Bytes, bytesOf, equals } from "../bytes/bytes";
import { textOf } from "../bytes/utf8";
import { Path } from "../config/path";
import { credentialsSent } from "./credentials";
import { Metric, Metrics } from "./metrics";

/** The number of calls that are inspected at first; later it is one per tick. */
const MOST: i32 = 64;
/** A header whose name has one of these holds something that clients cannot guess. */
const SECRETS: string[] = ["key", "token", "auth", "secret", "cookie"];
/** The stream property that names the counter a filter uses, so that filters after it can compare theirs. */
const PROPERTY = bytesOf("ai_token_ratelimit_counter");

/** Warns the operator, once per cause, of what is probably a mistake, and counts it. Each configuration has its own. */
@final
export class Suspicions {
  private seen: i32 = 0;
  private ticks: u32 = 0;
  private warnedOfHeader: bool = false;
  private warnedOfTwo: bool = false;

  constructor(private readonly metrics: Metrics) {}

  /** Whether the current call is to be inspected. */
  get isDue(): bool {
    if (this.seen < MOST) return true;
    if (this.ticks == this.metrics.ticked) return false;
    this.ticks = this.metrics.ticked;
    return true;
  }

  /** The current call is being inspected. */
  look(): void {
    if (this.seen < MOST) ++this.seen;
  }

  /** The current call has the header that a rule looks at. Without any credentials beside it, clients may choose its value. */
  header(name: Bytes, item: Path): void {
    const text = textOf(inLowerCase(name));
    for (let i = 0; i < SECRETS.length; ++i) if (text.includes(SECRETS[i])) return;
    if (credentialsSent().length > 0) return;
    this.metrics.note(Metric.UnprovenRequests);
    if (this.warnedOfHeader) return;
    this.warnedOfHeader = true;
    log(
      LogLevel.Warn,
      `${item}: a call has the header of this rule, but no credentials; unless something in front sets ${text}, clients choose whose limit they use: limit what authentication has checked, or have the header removed`,
    );
  }

  /** @param counter stands for the first counter of the current call, and its Redis */
  counts(counter: Bytes): void {
    const before = getProperty(PROPERTY);
    setProperty(PROPERTY, counter);
    if (before === null || !equals(before, counter)) return;
    this.metrics.note(Metric.TwiceCountedRequests);
    if (this.warnedOfTwo) return;
    this.warnedOfTwo = true;
    log(
      LogLevel.Warn,
      "another filter in front has checked a call with the same counter, so calls are charged twice; remove one of the two, or give them different rule_names",
    );
  }
}
