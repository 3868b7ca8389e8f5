// Contract: the tokens of a text are estimated to 15 % (median), from any cut of its bytes, whatever the bytes are.
// Specified in: assembly/estimate/estimator.ts; measured against o200k_base, as in scripts/estimate-error.ts.
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";
import {
  bytesOf,
  BOUND,
  errorsOf,
  generatedSamples,
  medianError,
  noise,
  REQUIRED,
  writtenSamples,
} from "../estimate/samples.ts";

interface Harness {
  feed(text: ArrayBuffer): bigint;
  boundary(): void;
  estimate(text: ArrayBuffer): bigint;
  estimateInPieces(text: ArrayBuffer, size: number): bigint;
  estimateForCuts(text: ArrayBuffer): BigInt64Array;
  memory: WebAssembly.Memory;
}

let harness: Harness;
const estimate = (text: string | Uint8Array): number => Number(harness.estimate(bytesOf(text)));
const written = writtenSamples();
const heldOut = [...written, ...generatedSamples()].filter(({ part }) => part === "held-out");

beforeAll(async () => {
  harness = await loadHarness<Harness>("tests/unit/estimate/estimator.harness.ts");
});

describe("the error against o200k_base, on texts that the costs were not fitted to", () => {
  const medianOf = (files: RegExp): number => {
    const samples = heldOut.filter(({ language }) => files.test(language));
    expect(samples.length).toBeGreaterThan(0);
    return medianError(errorsOf(samples, harness.estimate, "o200k_base"));
  };

  it.each(Object.entries(REQUIRED))("%s: below 15 percent", (_, files) => {
    expect(medianOf(files)).toBeLessThan(BOUND);
  });

  it.each([...new Set(heldOut.map(({ language }) => language))])("%s: below 30 percent", (language) => {
    expect(medianOf(new RegExp(`^${language}$`))).toBeLessThan(0.3);
  });

  it("is not mostly on one side in the required languages", () => {
    for (const [language, files] of Object.entries(REQUIRED)) {
      const samples = heldOut.filter((sample) => files.test(sample.language));
      const errors = errorsOf(samples, harness.estimate, "o200k_base");
      const bias = errors.reduce((sum, error) => sum + error, 0) / errors.length;
      expect(Math.abs(bias), language).toBeLessThan(0.06);
    }
  });
});

describe("the estimate", () => {
  it.each([
    ["nothing", "", 0],
    ["a word", "hello", 1],
    ["a word and the space before it", " hello", 1],
    ["a line of words", "the cat sat on the mat", 6],
    ["three digits", "123", 1],
    ["four digits", "1234", 2],
    ["a number of 30 digits", "1".repeat(30), 10],
    ["a number and the space before it", " 7", 2],
    ["a ruler", "=".repeat(64), 3],
    ["an indent", " ".repeat(40), 2],
    ["an indent of tabs", "\t".repeat(40), 2],
    ["a line end of two bytes", "end\r\n", 3],
  ])("is about the tokens of %s", (_, text, tokens) => {
    expect(estimate(text)).toBe(tokens);
  });

  it("is more for words with capitals inside, long words and words with diacritics", () => {
    const plain = estimate("onetwothree ".repeat(50));
    expect(estimate("oneTwoThree ".repeat(50))).toBeGreaterThan(plain * 1.2);
    expect(estimate("onetwothreefourfive ".repeat(50))).toBeGreaterThan(plain * 1.5);
    expect(estimate("önétwòthree ".repeat(50))).toBeGreaterThan(plain * 1.5);
  });
});

describe("cutting", () => {
  it("does not matter for the samples, wherever they are cut in two", () => {
    for (const { language, register, text } of heldOut) {
      const bytes = bytesOf(text);
      const expected = harness.estimate(bytes);
      const cuts = harness.estimateForCuts(bytes);
      expect([...new Set(cuts)], `${language}, ${register}`).toEqual([expected]);
    }
  });

  // Bytes of which most belong to some rule, so that many rules meet; valid UTF-8 only by chance.
  const piece = fc.oneof(
    fc.string({ unit: "binary", maxLength: 6 }).map((text) => Buffer.from(text)),
    fc
      .constantFrom(..."aZ9 \n\r\t=-_'", "word", "HTTP", "ééé", "中文", "ひらがな", "🎉")
      .map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
    fc.nat(2000).map((size) => Buffer.from(noise(size, "cut").toString("base64"))),
  );

  it("does not matter for any bytes, in pieces of any size", () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.integer({ min: 1, max: 700 }), (pieces, size) => {
        const bytes = bytesOf(Buffer.concat(pieces));
        const whole = harness.estimate(bytes);
        expect(harness.estimateInPieces(bytes, size)).toBe(whole);
        expect(harness.estimateInPieces(bytes, 1)).toBe(whole);
      }),
      { numRuns: 300 },
    );
  });
});

describe("any bytes", () => {
  it("never lower the estimate, and cost at most three tokens each", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 }), (pieces) => {
        let before = harness.estimate(new ArrayBuffer(0));
        expect(before).toBe(0n);
        for (const bytes of pieces) {
          const after = harness.feed(bytesOf(bytes));
          expect(after).toBeGreaterThanOrEqual(before);
          expect(after - before).toBeLessThanOrEqual(BigInt(bytes.length) * 3n);
          before = after;
        }
      }),
    );
  });

  it("are read without memory of their size", () => {
    const text = bytesOf(written.map((sample) => sample.text).join("\n"));
    harness.estimateInPieces(text, 1000);
    const size = harness.memory.buffer.byteLength;
    for (let i = 0; i < 50; ++i) harness.estimateInPieces(text, 1000);
    expect(harness.memory.buffer.byteLength).toBe(size);
  });
});

describe("boundary()", () => {
  const apart = (...texts: string[]): number => {
    estimate("");
    for (const text of texts) {
      harness.feed(bytesOf(text));
      harness.boundary();
    }
    return Number(harness.feed(new ArrayBuffer(0)));
  };

  it("keeps texts apart that would be one run together", () => {
    expect(estimate("12".repeat(6))).toBe(4);
    expect(apart("12", "12", "12", "12", "12", "12")).toBe(6);
  });

  it("ends media, and forgets a character that was cut", () => {
    const media = noise(3000, "media").toString("base64");
    expect(apart(media, "hello")).toBe(apart(media) + 1);
    expect(apart(media, media)).toBeGreaterThanOrEqual(2 * apart(media) - 1);
    estimate("");
    harness.feed(bytesOf(Buffer.from("é").subarray(0, 1)));
    harness.boundary();
    expect(harness.feed(bytesOf("abc"))).toBe(1n);
  });
});

describe("media", () => {
  const base64 = (size: number): string => noise(size, "media").toString("base64");

  it("costs a token per KB beyond the first 512 bytes of base64", () => {
    const start = estimate(base64(384));
    for (const size of [3_000, 30_000, 300_000]) {
      const bytes = Math.ceil(size / 3) * 4;
      const tokens = estimate(base64(size));
      expect(tokens - start).toBeGreaterThan(bytes / 1024 - 2);
      expect(tokens - start).toBeLessThan(bytes / 1024 + 64);
    }
  });

  it("costs the same in the alphabet of base64url", () => {
    const url = noise(30_000, "media").toString("base64url");
    expect(Math.abs(estimate(url) - estimate(base64(30_000)))).toBeLessThan(10);
  });

  it("is found in a data URL, and the text after it is text again", () => {
    const url = `data:image/png;base64,${base64(30_000)}`;
    const text = "What is in this picture? ".repeat(40);
    expect(estimate(`${url} ${text}`)).toBeGreaterThanOrEqual(estimate(url) + estimate(text) - 2);
    expect(estimate(url)).toBeLessThan(450);
  });

  it("is found after a part that looks different, such as zeros", () => {
    const zeros = Buffer.concat([Buffer.alloc(900), noise(300_000, "media")]).toString("base64");
    expect(estimate(zeros)).toBeLessThan(estimate(base64(300_000)) + 500);
  });

  it("is not what is shorter, broken into lines, hexadecimal, or words", () => {
    const perByte = (text: string): number => estimate(text) / text.length;
    expect(perByte(base64(370))).toBeGreaterThan(0.4);
    expect(perByte(base64(3000).replace(/.{76}/g, "$&\n"))).toBeGreaterThan(0.4);
    expect(perByte(noise(3000, "hex").toString("hex"))).toBeGreaterThan(0.4);
    expect(perByte(noise(3000, "hex").toString("hex").toUpperCase())).toBeGreaterThan(0.4);
    expect(perByte("please_write_a_story_about_a_lighthouse/".repeat(100))).toBeGreaterThan(0.15);
    expect(perByte("PleaseWriteAStoryAboutALighthouse".repeat(100))).toBeGreaterThan(0.15);
  });
});
