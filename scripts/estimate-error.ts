// How far the estimate of tokens (assembly/estimate/estimator.ts) is from real tokenizers, per language, on texts that its
// costs were not fitted to. Ends with status 1 when the median error in a required language is above the bound.
import { loadHarness } from "../tests/support/as.ts";
import {
  BOUND,
  errorsOf,
  generatedSamples,
  medianError,
  quantile,
  REQUIRED,
  type Sample,
  TOKENIZERS,
  type Tokenizer,
  writtenSamples,
} from "../tests/unit/estimate/samples.ts";

const harness = await loadHarness<{ estimate: (text: ArrayBuffer) => bigint }>(
  "tests/unit/estimate/estimator.harness.ts",
);
const samples = [...writtenSamples(), ...generatedSamples()].filter(({ part }) => part === "held-out");
const others = [...new Set(samples.map(({ language }) => language))].filter(
  (language) => !(language in REQUIRED),
);

const tokenizers = Object.keys(TOKENIZERS) as Tokenizer[];
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`.padStart(8);

function row(name: string, chosen: Sample[]): void {
  const columns = tokenizers.map((tokenizer) => {
    const errors = errorsOf(chosen, harness.estimate, tokenizer);
    const p90 = quantile(errors.map(Math.abs), 0.9);
    return `${percent(medianError(errors))} ${percent(p90)} ${percent(quantile(errors, 0.5))}`;
  });
  console.log(`${name.padEnd(18)} ${String(chosen.length).padStart(7)}   ${columns.join("   ")}`);
}

console.log(`${" ".repeat(29)}${tokenizers.map((name) => name.padEnd(29)).join("")}`);
console.log(`${"language".padEnd(18)} samples${"     median   90th %     bias".repeat(tokenizers.length)}`);

const failed: string[] = [];
for (const [name, files] of Object.entries(REQUIRED)) {
  const chosen = samples.filter(({ language }) => files.test(language));
  row(name, chosen);
  if (!(medianError(errorsOf(chosen, harness.estimate, "o200k_base")) <= BOUND)) failed.push(name);
}
console.log();
for (const name of others)
  row(
    name,
    samples.filter(({ language }) => language === name),
  );

if (failed.length > 0) {
  console.error(
    `\nThe median error is above ${BOUND * 100} % of o200k_base's tokens in: ${failed.join(", ")}.`,
  );
  process.exitCode = 1;
}
