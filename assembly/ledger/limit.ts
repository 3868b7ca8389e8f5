/** Allows `tokens` tokens in each fixed window of `seconds` seconds. Immutable. */
@final
export class Window {
  constructor(
    /** 1, 60, 3600 or 86400. */
    readonly seconds: i32,
    /** From 1 to 2^53: above that, Redis' scripts would lose digits. */
    readonly tokens: i64,
  ) {}
}

/**
 * One to four windows, all of which apply, in ascending order of length; each length occurs once. Immutable. It lives as long
 * as its configuration, in whose `LimitTable` it has a number.
 */
@final
export class Limit {
  constructor(readonly windows: StaticArray<Window>) {}
}
