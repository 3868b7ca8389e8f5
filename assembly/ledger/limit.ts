import { CounterKind } from "./counter-kind";

/** What one counter allows. Immutable. */
@final
export class Window {
  constructor(
    readonly kind: CounterKind,
    /** 1, 60, 3600, 86400, 604800 or 2592000; 0 for calls at the same time. */
    readonly seconds: i32,
    /**
     * How many tokens it allows in that time; of a bucket, its burst; or how many calls at the same time. From 1 to 2^53: above
     * that, Redis' scripts would lose digits.
     */
    readonly tokens: i64,
    /** How many tokens a bucket gets back in that time. */
    readonly refill: i64,
  ) {}
}

/**
 * One to seven counters, all of which apply: windows in ascending order of length, each length once, then calls at the same time.
 * Immutable. It lives as long as its configuration, in whose `LimitTable` it has a number.
 */
@final
export class Limit {
  constructor(readonly windows: StaticArray<Window>) {}
}
