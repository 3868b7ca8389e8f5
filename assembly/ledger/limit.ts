import { CounterKind } from "./counter-kind";

/** What one counter allows. Immutable. */
@final
export class Window {
  constructor(
    readonly kind: CounterKind,
    /** 1, 60, 3600, 86400, 604800 or 2592000, which is also a month of the calendar; 0 for calls at the same time. */
    readonly seconds: i32,
    /**
     * How many tokens or requests it allows in that time; of a bucket, its burst; or how many calls at the same time. From 1 to
     * 2^53: above that, Redis' scripts would lose digits.
     */
    readonly capacity: i64,
    /** Of a bucket: how much it gets back in that time. Of the calendar: how many seconds its clock is ahead of UTC. */
    readonly detail: i64,
  ) {}
}

/**
 * One to 13 counters, all of which apply: windows of tokens and then of requests, each in ascending order of length and each length
 * once; then calls at the same time.
 * Immutable. It lives as long as its configuration, in whose `LimitTable` it has a number.
 */
@final
export class Limit {
  constructor(readonly windows: StaticArray<Window>) {}
}

/** How the windows of a limit count. */
@final
export class Counting {
  constructor(
    readonly kind: CounterKind,
    /** How many seconds the clock of the calendar is ahead of UTC. */
    readonly aheadSeconds: i32,
  ) {}
}
