// Contract of assembly/usage/request-meter: the estimate for a request is that for its texts; files count little.
// Specified in the head of request-meter.ts there; estimates themselves are tested in tests/unit/estimator.
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";

interface Harness {
  tokens(body: ArrayBuffer, size: number, seed: number): bigint;
}

let meter: Harness;
beforeAll(async () => {
  meter = await loadHarness<Harness>("tests/unit/usage/request-meter.harness.ts");
});

const bytesOf = (body: unknown): ArrayBuffer =>
  new Uint8Array(Buffer.from(typeof body === "string" ? body : JSON.stringify(body))).buffer;
const tokens = (body: unknown, size = 1 << 30, seed = 1): number =>
  Number(meter.tokens(bytesOf(body), size, seed));
const asking = (...content: unknown[]): unknown => ({
  model: "m",
  messages: content.map((part) => ({ role: "user", content: part })),
});
const sentence = 'The "quick" brown fox\njumps over the lazy dog. ';
const picture = (bytes: number): string =>
  `data:image/png;base64,${Buffer.alloc(bytes, "\x12\x34\xab\xcd\xef").toString("base64")}`;

describe("text", () => {
  it("counts by its length beyond what is looked at, wherever it stands", () => {
    const one = tokens(asking(sentence.repeat(400)));
    expect(tokens(asking(sentence.repeat(4000))) / one).toBeCloseTo(10, 0);
    const many = tokens(asking(...Array.from({ length: 100 }, () => sentence.repeat(40))));
    expect(many / (10 * one)).toBeGreaterThan(0.9);
    expect(many / (10 * one)).toBeLessThan(1.1);
  });

  it("counts in short requests, which are read only when they are asked about", () => {
    const short = tokens(asking(sentence.repeat(20)));
    expect(short).toBeGreaterThan(200);
    expect(short).toBeLessThan(300);
    tokens(asking(sentence.repeat(400)));
    expect(tokens(asking(sentence.repeat(20)), 100)).toBe(short);
    // As many bytes as are held, one less and one more.
    const sizes = [8191, 8192, 8193].map((size) => {
      const empty = JSON.stringify(asking("")).length;
      return tokens(asking("five ".repeat(2000).slice(0, size - empty)), 4096);
    });
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  });
});

describe("files", () => {
  it.each([1 << 30, 16_384, 1000])(
    "count little wherever they stand, and end where they end, in pieces of %i",
    (size) => {
      const count = (...content: unknown[]): number => tokens(asking(...content), size);
      const text = count(sentence.repeat(400));
      const file = count(picture(300_000));
      expect(file).toBeGreaterThan(300);
      expect(file).toBeLessThan(500);
      expect(count(picture(300_000), sentence.repeat(400)) / (text + file)).toBeCloseTo(1, 1);
      expect(count(sentence.repeat(400), picture(300_000)) / (text + file)).toBeCloseTo(1, 1);
      expect(count(sentence.repeat(400), picture(300_000), sentence.repeat(400))).toBeGreaterThan(1.9 * text);
    },
  );
});

describe("cuts", () => {
  it("change nothing to speak of", () => {
    const part = fc.oneof(
      fc.nat(200).map((n) => sentence.repeat(n)),
      fc.string({ unit: "grapheme" }),
      fc.constant("a\\".repeat(3000)),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), fc.integer({ min: 400, max: 5000 }), (parts, size) => {
        const whole = tokens(asking(...parts));
        expect(Math.abs(tokens(asking(...parts), size) - whole)).toBeLessThanOrEqual(2 + whole * 0.02);
      }),
    );
  });

  it("and any bytes are survived", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), fc.integer({ min: 1, max: 50 }), (text, size) => {
        tokens(text, size);
        tokens(`{"a":"${"y".repeat(5000)}","b":"${text}`, size);
      }),
    );
  });
});
