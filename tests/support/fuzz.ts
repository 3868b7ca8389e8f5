// The seed and length of fuzz runs. FUZZ_SEED repeats a run, FUZZ_RUNS makes it longer.
export const SEED = process.env.FUZZ_SEED ? Number(process.env.FUZZ_SEED) : Date.now() & 0x7fffffff;
export const RUNS = Number(process.env.FUZZ_RUNS ?? 2_000);

/** fast-check parameters; the seed is printed whether the run fails or not. */
export function fuzz(runs = RUNS): { seed: number; numRuns: number } {
  console.log(`FUZZ_SEED=${SEED} (${runs} runs)`);
  return { seed: SEED, numRuns: runs };
}
