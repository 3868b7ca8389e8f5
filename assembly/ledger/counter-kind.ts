/** How a counter counts, and is kept in Redis. */
export const enum CounterKind {
  /** A window that begins with the first token in it, in a string that expires with it: the published counter. */
  FixedWindow,
  /** A window that slides: of the window before counts the part that is not yet a whole length ago. */
  SlidingWindow,
  /** A bucket that is refilled evenly, and holds up to a burst. */
  TokenBucket,
  /** Calls at the same time. Each holds one, and leaves none. */
  InFlight,
}

/** The letters by which scripts tell the kinds, in ASCII; 0 for the plain one. See `lua/hold.lua`. */
export const KIND_LETTERS: StaticArray<u8> = [0, 0x73, 0x62, 0x69];
