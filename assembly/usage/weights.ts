/** Weights are kept in ten-thousandths, so that charging does not need floating point. */
export const WEIGHT_SCALE: i64 = 10_000;
/** The largest weight. With it, counts of up to 2^40 tokens stay within 63 bits. */
export const MAX_WEIGHT: i64 = 100;

/** How much each kind of token counts toward a limit. Kinds do not overlap: cached input does not count as input too. */
@final
export class TokenWeights {
  constructor(
    /** Input that was neither read from a cache nor written to it. */
    readonly input: i64,
    /** Input that was read from a cache. */
    readonly cachedInput: i64,
    /** Input that was written to a cache. */
    readonly cacheWrite: i64,
    /** Output other than reasoning. */
    readonly output: i64,
    readonly reasoning: i64,
  ) {}

  /** Every token counts as one. */
  static all(): TokenWeights {
    return new TokenWeights(WEIGHT_SCALE, WEIGHT_SCALE, WEIGHT_SCALE, WEIGHT_SCALE, WEIGHT_SCALE);
  }

  /** What one token of output may count, whatever kind it is, in ten-thousandths. */
  get dearestOutput(): i64 {
    return max(this.output, this.reasoning);
  }

  /**
   * The charge for a call, rounded to the nearest token.
   * @param input all input, cache reads and writes included; 0 to 2^40, like the others
   * @param output all output, reasoning included
   */
  charge(input: i64, cachedInput: i64, cacheWrite: i64, output: i64, reasoning: i64): i64 {
    // Some reports contradict themselves: a part must not exceed the whole.
    const cached = min(cachedInput, input);
    const written = min(cacheWrite, input - cached);
    const reasoned = min(reasoning, output);
    const sum =
      (input - cached - written) * this.input +
      cached * this.cachedInput +
      written * this.cacheWrite +
      (output - reasoned) * this.output +
      reasoned * this.reasoning;
    return (sum + WEIGHT_SCALE / 2) / WEIGHT_SCALE;
  }
}
