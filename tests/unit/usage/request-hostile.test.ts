// Contract of assembly/usage/request-meter, for callers who want to pay less: whatever is sent, its estimate has a lower bound
// and an upper one, and nothing traps.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fuzz } from "../../support/fuzz.ts";
import { ask, ENGLISH, meter, nested, WORDS, WRITTEN } from "./request-estimate.ts";

describe("whatever is sent", () => {
  const FLOOR = 1 / 128;
  const letters = fc.string({ unit: "grapheme", maxLength: 60 });
  const piece = fc.oneof(
    letters,
    fc
      .tuple(fc.constantFrom(" ", "=", ".", "\t", "\n", "a", "-", "0", "~", "\r\n"), fc.nat(9000))
      .map(([c, n]) => c.repeat(n)),
    fc.tuple(fc.nat(3000), fc.constantFrom(0, 7, 900)).map(([from, n]) => ENGLISH.slice(from, from + n)),
    fc.nat(WRITTEN.length - 1).map((i) => WRITTEN[i]![1](WORDS.slice(i, i + 60))),
  );
  const content = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(""));
  const wrap = fc.constantFrom<(content: string) => string>(
    (value) => ask(value),
    (value) => ask([{ type: "text", text: value }]),
    (value) => `{"a":NaN,${ask(value).slice(1)}`,
    (value) => `{"a":${nested(70, JSON.stringify(value))}}`,
    (value) => `{}${ask(value)}`,
    (value) => `{'messages':'${value}'}`,
    (value) => ask(`data:image/png;base64,${value}`),
    (value) => JSON.stringify({ [value]: 0 }),
    (value) => `prompt=${value}`,
    (value) => `${ask(value).slice(0, -6)}`,
  );

  it("is at least a token for 128 bytes, the longest that a vocabulary knows", () => {
    fc.assert(
      fc.property(
        content,
        wrap,
        fc.integer({ min: 1, max: 20_000 }),
        fc.nat(),
        (value, wrapped, size, seed) => {
          const body = Uint8Array.from(Buffer.from(wrapped(value))).buffer;
          const estimate = Number(meter.tokens(body, size, seed));
          expect(estimate).toBeGreaterThanOrEqual(Math.floor(FLOOR * Buffer.byteLength(value)));
        },
      ),
      fuzz(600),
    );
  });

  it("neither traps nor counts for nothing, and is cut anywhere", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.string({ maxLength: 200 }).map((value) => Buffer.from(value)),
      fc.json().map((value) => Buffer.from(value)),
      fc
        .array(
          fc.constantFrom(
            '{"',
            '":',
            "[",
            "]",
            "}",
            ",",
            '"',
            "\\",
            "\\u00",
            "\ud83d",
            "1",
            "-",
            "null",
            " ",
            "--",
            "\ufeff",
          ),
        )
        .map((parts) => Buffer.from(parts.join(""))),
    );
    fc.assert(
      fc.property(
        fc.array(bytes, { maxLength: 8 }),
        fc.integer({ min: 1, max: 3000 }),
        fc.nat(),
        (parts, size, seed) => {
          const body = Buffer.concat([
            ...parts,
            ...Array.from({ length: seed % 3 }, () => Buffer.alloc(9000, "y")),
          ]);
          const estimate = Number(meter.tokens(Uint8Array.from(body).buffer, size, seed));
          expect(estimate).toBeLessThanOrEqual(3 * body.length);
          expect(estimate).toBeGreaterThanOrEqual(0);
        },
      ),
      fuzz(600),
    );
  });
});
