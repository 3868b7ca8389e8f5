import { ByteBuilder } from "../bytes/builder";
import { PLUS } from "../bytes/ascii";

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
  /** A window that ends where the calendar says, in a string that expires with it. */
  Calendar,
  /** Added to a kind of window: it counts requests instead of tokens, when they are admitted. */
  Requests = 8,
}

/** What kinds of windows are called, by `CounterKind`. */
const NAMES: string[] = ["fixed_window", "sliding_window", "token_bucket", "in_flight", "calendar"];

/** The letters of the kinds, in ASCII; 0 for the published one. See `lua/hold.lua`. */
const LETTERS: StaticArray<u8> = [0, 0x73, 0x62, 0x69, 0x63];
const REQUESTS: u8 = 0x72;

/** Whether a counter counts requests. */
export function countsRequests(kind: CounterKind): bool {
  return kind >= CounterKind.Requests;
}

/** Whether calls are charged to it when they have ended. */
export function countsTokens(kind: CounterKind): bool {
  return kind < CounterKind.Requests && kind != CounterKind.InFlight;
}

/** What a counter counts. */
export const enum Unit {
  Tokens,
  Requests,
  /** At the same time. */
  Calls,
}

/** The names of units, by `Unit`. */
export const UNITS: string[] = ["tokens", "requests", "calls"];

/** What a kind of counter counts. */
export function unitOf(kind: CounterKind): Unit {
  if (countsRequests(kind)) return Unit.Requests;
  return kind == CounterKind.InFlight ? Unit.Calls : Unit.Tokens;
}

/** What the kind of a counter's window is called. */
export function kindName(kind: CounterKind): string {
  return NAMES[kind & ~CounterKind.Requests];
}

/** Appends what a counter counts. */
export function appendUnit(out: ByteBuilder, kind: CounterKind): void {
  out.text(UNITS[unitOf(kind)]);
}

/** Appends the letters that a kind of counter has in the names of counters and in scripts; the published one has none. */
export function appendLetters(out: ByteBuilder, kind: CounterKind): void {
  if (countsRequests(kind)) out.byte(REQUESTS);
  const letter = LETTERS[kind & ~CounterKind.Requests];
  if (letter != 0) out.byte(letter);
}

/**
 * Appends what identifies a window in the name of its counter: the letters of its kind, its length in seconds, and how many seconds
 * its calendar is ahead of UTC.
 * @param detail see `Window`
 */
export function appendWindow(out: ByteBuilder, kind: CounterKind, seconds: i32, detail: i64): void {
  appendLetters(out, kind);
  out.decimal(seconds);
  if ((kind & ~CounterKind.Requests) != CounterKind.Calendar) return;
  if (detail >= 0) out.byte(PLUS);
  out.decimal(detail);
}
