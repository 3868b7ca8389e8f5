// The texts by which the estimator of tokens is calibrated ("fit") and measured ("held-out"), and the error on them.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { countTokens as countCl100k } from "gpt-tokenizer/encoding/cl100k_base";
import { countTokens as countO200k } from "gpt-tokenizer/encoding/o200k_base";

const folder = resolve(import.meta.dirname, "../../fixtures/estimator");

/** The tokenizers to compare with: that of GPT-4o and later, and that of GPT-3.5 and GPT-4. */
export const TOKENIZERS = { o200k_base: countO200k, cl100k_base: countCl100k };
export type Tokenizer = keyof typeof TOKENIZERS;

export interface Sample {
  /** The name of its file, such as `english` or `code-go`. */
  language: string;
  part: "fit" | "held-out";
  register: string;
  text: string;
}

/** The samples of tests/fixtures/estimator: in each file they follow lines of the form `=== part | register`. */
export function writtenSamples(): Sample[] {
  return readdirSync(folder)
    .sort()
    .flatMap((file) =>
      readFileSync(join(folder, file), "utf8")
        .split(/^=== /m)
        .slice(1)
        .map((block) => {
          const [, part, register, text] = /^(fit|held-out) \| (.*)\n([^]*)\n$/.exec(block) ?? [];
          if (!part || !register || !text) throw new Error(`${file}: not a sample: ${block.slice(0, 40)}`);
          return { language: file.replace(".txt", ""), part: part as Sample["part"], register, text };
        }),
    );
}

/** All that is written in one language, in one text. */
export function textIn(language: string): string {
  return writtenSamples()
    .filter((sample) => sample.language === language)
    .map((sample) => sample.text)
    .join("\n");
}

/** Bytes without any pattern, the same ones each time. */
export function noise(size: number, seed: string): Buffer {
  const blocks = Array.from({ length: Math.ceil(size / 32) }, (_, i) =>
    createHash("sha256").update(`${seed} ${i}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, size);
}

/** Text that nobody writes: blobs as they are pasted into prompts, and white space. */
export function generatedSamples(): Sample[] {
  const of = (language: string, texts: string[]): Sample[] =>
    texts.map((text, i) => ({ language, part: "held-out", register: `number ${i + 1}`, text }));
  return [
    ...of(
      "base64",
      [24, 48, 96, 200, 370].map((size) => noise(size, "base64").toString("base64")),
    ),
    ...of(
      "hexadecimal",
      [8, 20, 32, 200, 2000].map((size) => noise(size, "hex").toString("hex")),
    ),
    ...of("white space", [
      `Total:${" ".repeat(120)}42 EUR`,
      `name${"\t".repeat(6)}value${"\t".repeat(3)}unit\n`.repeat(8),
      `first paragraph${"\n".repeat(12)}second paragraph`,
      Array.from({ length: 12 }, (_, depth) => `${"    ".repeat(depth)}level ${depth}`).join("\n"),
      `line one   \r\nline two   \r\n\r\nline three\r\n`,
    ]),
  ];
}

/** The relative error of each sample's estimate, e.g. -0.1 where a tenth of the tokens is missing. */
export function errorsOf(
  samples: Sample[],
  estimate: (text: ArrayBuffer) => bigint,
  tokenizer: Tokenizer,
): number[] {
  return samples.map(({ text }) => {
    const actual = TOKENIZERS[tokenizer](text);
    return (Number(estimate(bytesOf(text))) - actual) / actual;
  });
}

export function bytesOf(text: string | Uint8Array): ArrayBuffer {
  return Uint8Array.from(Buffer.from(text)).buffer;
}

/** The value below which a share `q` of the values lies, interpolated. */
export function quantile(values: number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] ?? NaN;
  const high = sorted[Math.ceil(at)] ?? NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export function medianError(errors: number[]): number {
  return quantile(errors.map(Math.abs), 0.5);
}

/** The languages for which the median error must stay below `BOUND`, each with the files that it consists of. */
export const REQUIRED: Record<string, RegExp> = {
  english: /^english$/,
  chinese: /^chinese$/,
  japanese: /^japanese$/,
  "source code": /^code-/,
};
export const BOUND = 0.15;
