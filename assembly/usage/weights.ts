import { Consumption } from "./consumption";

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

  /** The same for tokens of which each counts `weight` ten-thousandths. A weight above 0 does not become 0. */
  times(weight: i64): TokenWeights {
    return new TokenWeights(
      product(this.input, weight),
      product(this.cachedInput, weight),
      product(this.cacheWrite, weight),
      product(this.output, weight),
      product(this.reasoning, weight),
    );
  }

  /** The largest of the weights. */
  get largest(): i64 {
    return max(max(this.input, this.cachedInput), max(this.cacheWrite, this.dearestOutput));
  }

  /** What one token of output may count, whatever kind it is, in ten-thousandths. */
  get dearestOutput(): i64 {
    return max(this.output, this.reasoning);
  }

  /** The charge for a call, rounded to the nearest token. */
  charge(consumed: Consumption): i64 {
    const sum =
      consumed.input * this.input +
      consumed.cachedInput * this.cachedInput +
      consumed.cacheWrite * this.cacheWrite +
      consumed.output * this.output +
      consumed.reasoning * this.reasoning;
    return (sum + WEIGHT_SCALE / 2) / WEIGHT_SCALE;
  }
}

function product(a: i64, b: i64): i64 {
  return a == 0 || b == 0 ? 0 : max((a * b + WEIGHT_SCALE / 2) / WEIGHT_SCALE, 1);
}
