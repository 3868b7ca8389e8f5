import { CounterKind } from "./counter-kind";

/** How strictly the limit of a row applies, as bits. */
export const enum RowFlag {
  None = 0,
  /** It is counted and reported, and denies nothing (`shadow`). */
  Shadow = 1,
  /** It denies requests when Redis does not answer (`on_redis_error: deny`). */
  DeniesUnknown = 2,
  /** It has been exceeded, and lets this request pass nevertheless (`on_limit: header`). */
  Waived = 4,
}

/** One counter, in memory outside the garbage collector's view. */
@unmanaged
export class Row {
  /** Where its key ends in the bytes of all keys; it begins where the key before it ends. */
  end: i32;
  windowSeconds: i32;
  /** What a window allows, in its unit. */
  capacity: i64;
  /** That of a `Window`. */
  detail: i64;
  kind: CounterKind;
  flags: RowFlag;
  /** The rule item it comes from, and which of its `limit_keys`, from 0, or -1; both -1 for the global threshold. */
  item: i32;
  limitKey: i32;
  /** What was read last. */
  used: i64;
  held: i64;
  leftMs: i64;
}
