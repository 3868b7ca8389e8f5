import { NOT_A_NUMBER } from "../bytes/decimal";
import { Counters } from "./counters";

/** What the counters say about a request. */
@final
export class Verdict {
  allowed: bool = true;
  /** Of the first exceeded counter: seconds until it expires, rounded as Redis' TTL does. */
  resetSeconds: i64 = 0;
  /** Whole seconds after which no exceeded counter is left, at least 1. */
  retryAfterSeconds: i64 = 0;
  /** Counters that hold no number; they limit nobody. */
  unreadable: i32 = 0;
}

/**
 * Compares counters with their thresholds: a request is refused when a counter is above its threshold, and still
 * let through when it is equal, as published.
 * @param tokens per counter its value, or NOT_A_NUMBER
 * @param remaining per counter its remaining milliseconds; negative when it does not exist
 */
export function judge(counters: Counters, tokens: StaticArray<i64>, remaining: StaticArray<i64>): Verdict {
  const verdict = new Verdict();
  for (let i = 0; i < counters.length; ++i) {
    if (tokens[i] == NOT_A_NUMBER) {
      verdict.unreadable++;
    } else if (tokens[i] > counters.thresholds[i]) {
      const milliseconds = remaining[i] < 0 ? counters.windows[i] * 1000 : remaining[i];
      if (verdict.allowed) verdict.resetSeconds = (milliseconds + 500) / 1000;
      verdict.allowed = false;
      verdict.retryAfterSeconds = max(verdict.retryAfterSeconds, max((milliseconds + 999) / 1000, 1));
    }
  }
  return verdict;
}
