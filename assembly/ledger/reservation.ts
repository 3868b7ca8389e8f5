/** Buckets of time after which a hold lapses at the earliest; the script adds up to one more. */
const BUCKETS: i64 = 8;
/** How long the record of a hold outlives it, in buckets, for calls that take longer than their hold. */
const RECORD_BUCKETS: i64 = 40;

/** `mode` of a reservation, the strictest last. */
export const enum ReservationMode {
  /** Nothing is reserved. */
  Off,
  /** What the caller states, or what is assumed, is reserved. */
  Estimate,
  /** The output that was granted is also written into the request. */
  Clamp,
}

/** How a configuration or a rule item has calls reserve what they may cost (`reservation`). Immutable. */
@final
export class Reservation {
  constructor(
    readonly mode: ReservationMode,
    /** After this time, in seconds, a hold that nobody has settled lapses (`ttl_seconds`). */
    private readonly ttlSeconds: i64,
    /** Whether what has lapsed is charged; otherwise it is released (`on_lapse`). */
    readonly chargesLapsed: bool,
    /** The output of a call that states none, in tokens. */
    readonly defaultOutputTokens: i64 = 0,
    /** The least output, in tokens, that may be granted to a call that has asked for more. */
    readonly minOutputTokens: i64 = 0,
    /** A body that is longer is not held; its call is judged by its size. */
    readonly maxBodyBytes: i64 = 0,
  ) {}

  /** Whether anything is reserved. */
  get isOn(): bool {
    return this.mode != ReservationMode.Off;
  }

  /** Whether the output that was granted is written into requests. */
  get clamps(): bool {
    return this.mode == ReservationMode.Clamp;
  }

  /** Of two that apply to a call, the one that decides: the stricter one, or this one. */
  orStricter(other: Reservation): Reservation {
    return other.mode > this.mode ? other : this;
  }

  /** The same without changes of requests, for limits that deny nothing. */
  get watching(): Reservation {
    if (!this.clamps) return this;
    const output = this.defaultOutputTokens;
    const least = this.minOutputTokens;
    return new Reservation(
      ReservationMode.Estimate,
      this.ttlSeconds,
      this.chargesLapsed,
      output,
      least,
      this.maxBodyBytes,
    );
  }

  /** The length of a bucket of holds, in milliseconds. */
  get bucketMs(): i64 {
    return (this.ttlSeconds * 1000 + BUCKETS - 1) / BUCKETS;
  }

  /** How long Redis keeps the record of a hold, in milliseconds. */
  get recordMs(): i64 {
    return this.bucketMs * RECORD_BUCKETS;
  }
}

/** Without `reservation`. The rest is for limits on calls at the same time: how long one counts after its gateway has died. */
export const NO_RESERVATION = new Reservation(ReservationMode.Off, 600, false);

/** What a call asks to be reserved for it, in weighted tokens. */
@final
export class Ask {
  /** For its input. */
  input: i64 = 0;
  /** For its output, if there is room. */
  output: i64 = 0;
  /** The least output with which the call may pass. */
  least: i64 = 0;
  /** Whether the caller has stated no output. If so, a counter grants at most a quarter of its limit for the output. */
  isAssumed: bool = false;
  /** Which model it calls, from 0 to 7: estimates are corrected for each. -1 if nothing is to be corrected or learned. */
  model: i32 = -1;
  /** Whether what was learned may also lower what is reserved. */
  mayShrink: bool = false;

  /** Asks for nothing. */
  clear(): void {
    this.input = this.output = this.least = 0;
    this.isAssumed = this.mayShrink = false;
    this.model = -1;
  }
}
