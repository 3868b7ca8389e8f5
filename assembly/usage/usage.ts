import { MAX_COUNT } from "./count";

/**
 * The tokens that a call consumed. No count is negative or above `MAX_COUNT`; `cachedInput + cacheWrite <= input` and
 * `reasoning <= output`.
 */
@final
@unmanaged
export class Usage {
  /** Whether the response reported its usage. If not, all counts are 0. */
  reported: bool = false;
  /** All input: prompt, cache reads and writes, prompts made by tool use. */
  input: i64 = 0;
  /** All output, including reasoning. */
  output: i64 = 0;
  /** The part of `input` read from a cache. */
  cachedInput: i64 = 0;
  /** The part of `input` written to a cache. */
  cacheWrite: i64 = 0;
  /** The part of `output` that is reasoning, if the provider reports it. */
  reasoning: i64 = 0;
  /** Whether a count made no sense (negative, fractional, above `MAX_COUNT`, a string) and was adjusted. */
  clamped: bool = false;

  reset(): void {
    this.reported = false;
    this.input = 0;
    this.output = 0;
    this.cachedInput = 0;
    this.cacheWrite = 0;
    this.reasoning = 0;
    this.clamped = false;
  }

  /** Whether the response says that nothing was consumed, or says nothing. */
  get isNothing(): bool {
    return this.input + this.output == 0;
  }

  /** Adds the counts of `other`, field by field. */
  add(other: Usage): void {
    this.reported = this.reported || other.reported;
    this.input += other.input;
    this.output += other.output;
    this.cachedInput += other.cachedInput;
    this.cacheWrite += other.cacheWrite;
    this.reasoning += other.reasoning;
    this.limit();
  }

  /** Restores the guarantees of the class: lowers counts that are too large. */
  limit(): void {
    this.input = min(this.input, MAX_COUNT);
    this.output = min(this.output, MAX_COUNT);
    this.cachedInput = min(this.cachedInput, this.input);
    this.cacheWrite = min(this.cacheWrite, this.input - this.cachedInput);
    this.reasoning = min(this.reasoning, this.output);
  }
}
