/** At most `tokens` tokens in each fixed window of `seconds` seconds. */
@final
export class Window {
  constructor(
    /** 1, 60, 3600 or 86400. */
    readonly seconds: i32,
    /** At least 1. */
    readonly tokens: i64,
  ) {}
}

/** One to four windows, all of which apply; by ascending length, no length twice. */
@final
export class Limit {
  constructor(readonly windows: StaticArray<Window>) {}
}
