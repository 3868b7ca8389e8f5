/** What a call has consumed, in tokens of each kind. Kinds do not overlap: their sum is what the model has read and written. */
@final
export class Consumption {
  /** Input that was neither read from a cache nor written to one. */
  input: i64 = 0;
  cachedInput: i64 = 0;
  cacheWrite: i64 = 0;
  /** Output other than reasoning. */
  output: i64 = 0;
  reasoning: i64 = 0;

  /**
   * Splits what a report says. Some contradict themselves: a part never exceeds its whole.
   * @param input all input, cache reads and writes included; 0 to 2^40, like the others
   * @param output all output, reasoning included
   */
  set(input: i64, cachedInput: i64, cacheWrite: i64, output: i64, reasoning: i64): void {
    this.cachedInput = min(cachedInput, input);
    this.cacheWrite = min(cacheWrite, input - this.cachedInput);
    this.input = input - this.cachedInput - this.cacheWrite;
    this.reasoning = min(reasoning, output);
    this.output = output - this.reasoning;
  }
}
