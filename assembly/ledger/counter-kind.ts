/** How a counter counts, and is kept in Redis. */
export const enum CounterKind {
  /** A window that begins with the first token in it, in a string that expires with it: the published counter. */
  FixedWindow,
  /** A window that slides: the share of the previous window that is less than one window length ago counts too. */
  SlidingWindow,
  /** A bucket that is refilled evenly, and holds up to a burst. */
  TokenBucket,
  /** Calls at the same time. Each counts as one while it runs, and not at all afterwards. */
  InFlight,
}

/** The letters that identify the kinds in scripts, in ASCII; 0 for the plain kind. See `lua/hold.lua`. */
export const KIND_LETTERS: StaticArray<u8> = [0, 0x73, 0x62, 0x69];
