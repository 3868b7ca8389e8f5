import { log } from "../abi/log";
import { getProperty, setProperty } from "../abi/properties";
import { LogLevel } from "../abi/types";
import { inLowerCase } from "../bytes/ascii";
import { Bytes, bytesOf, equals } from "../bytes/bytes";
import { textOf } from "../bytes/utf8";
import { Path } from "../config/path";
import { credentialsSent } from "./credentials";
import { Metric, Metrics } from "./metrics";

/** Only so many calls are looked at, the first ones, and then one in a tick. */
const MOST: i32 = 64;
/** A header whose name has one of these holds something that clients cannot guess. */
const SECRETS: string[] = ["key", "token", "auth", "secret", "cookie"];
/** In which property of a stream the filter leaves which counter it uses, for filters after it. */
const PROPERTY = bytesOf("ai_token_ratelimit_counter");

/** Warns an operator, once each, of what is probably not meant, and counts it. Each configuration has one of these. */
@final
export class Suspicions {
  private seen: i32 = 0;
  private ticks: u32 = 0;
  private warnedOfHeader: bool = false;
  private warnedOfTwo: bool = false;

  constructor(private readonly metrics: Metrics) {}

  /** Whether to look at the current call. */
  get isDue(): bool {
    if (this.seen < MOST) return true;
    if (this.ticks == this.metrics.ticked) return false;
    this.ticks = this.metrics.ticked;
    return true;
  }

  /** The current call is looked at. */
  look(): void {
    if (this.seen < MOST) ++this.seen;
  }

  /** A rule has found its header in the current call. If nothing there can prove what it says, clients may choose it. */
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
