/** At most `tokens` tokens in each fixed window of `seconds` seconds. */
@final
export class Window {
  constructor(
    /** 1, 60, 3600 or 86400. */
    readonly seconds: i32,
    /** 1 to `MAX_TOKENS`. */
    readonly tokens: i64,
  ) {}
}

/** The largest count that a Redis script computes exactly: Lua numbers there are doubles (2^53 - 1). */
export const MAX_TOKENS: i64 = 9007199254740991;

/** One to four windows, all of which apply; by ascending length, no length twice. */
@final
export class Limit {
  constructor(readonly windows: Window[]) {}
}
