/** Buckets of time after which a hold lapses at the earliest; the script adds up to one more. */
const BUCKETS: i64 = 8;
/** How long the record of a hold outlives it, in buckets, for calls that take longer than their hold. */
const RECORD_BUCKETS: i64 = 40;

/** How a configuration reserves tokens before a call (`reservation`). Immutable. */
@final
export class Reservation {
  constructor(
    /** After this time, in seconds, a hold that nobody has settled lapses (`ttl_seconds`). */
    private readonly ttlSeconds: i64,
    /** Whether what has lapsed is charged; otherwise it is released (`on_lapse`). */
    readonly chargesLapsed: bool,
  ) {}

  /** The length of a bucket of holds, in milliseconds. */
  get bucketMs(): i64 {
    return (this.ttlSeconds * 1000 + BUCKETS - 1) / BUCKETS;
  }

  /** How long Redis keeps the record of a hold, in milliseconds. */
  get recordMs(): i64 {
    return this.bucketMs * RECORD_BUCKETS;
  }
}

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

  /** Asks for nothing. */
  clear(): void {
    this.input = this.output = this.least = 0;
    this.isAssumed = false;
  }
}
