// Contract of assembly/usage/request-meter, for callers who want to pay less: blanks, dots and the like beside a text do not
// lower its estimate, wherever they stand.
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { describe, expect, it } from "vitest";
import { ask, ENGLISH, tokens, WORTH } from "./request-estimate.ts";

describe("cheap text does not make the other cheap", () => {
  const fillers: [string, string][] = [
    ["blanks", " "],
    ["equals signs", "="],
    ["dots", "."],
    ["tabs", "\t"],
    ["line ends", "\n"],
    ["dashes", "-"],
    ["one letter", "a"],
    ["digits", "0"],
    ["wide blanks", "\u3000"],
    ["zero-width blanks", "\u200b"],
    ["one word", " the"],
  ];
  for (const size of [2_000, 8_000, 100_000]) {
    it.each(fillers)(`${size} times %s`, (_, filler) => {
      const run = filler.repeat(size);
      const half = ENGLISH.length >> 1;
      for (const content of [
        run + ENGLISH,
        ENGLISH + run,
        ENGLISH.slice(0, half) + run + ENGLISH.slice(half),
        [run, ENGLISH],
        [
          { type: "text", text: run },
          { type: "text", text: ENGLISH },
        ],
      ]) {
        expect(tokens(ask(content))).toBeGreaterThan(0.8 * WORTH);
      }
    });
  }

  it("nor does it in pieces as long as those that are looked at", () => {
    for (const size of [64, 128, 256, 1024, 4096]) {
      const pieces = Array.from({ length: 60 }, (_, i) =>
        i % 2
          ? " ".repeat(size)
          : ENGLISH.slice((i * 50) % 3000)
              .slice(0, size)
              .padEnd(size, "go on "),
      );
      expect(tokens(ask(pieces.join("")))).toBeGreaterThan(0.8 * countTokens(pieces.join("")));
    }
  });
});

describe("characters that vocabularies have as bytes only", () => {
  it.each([
    ["Braille", 0x2800, 0x28ff],
    ["Korean in parts of syllables", 0x1100, 0x11f0],
    ["Arabic in forms for display", 0xfb50, 0xfdc0],
    ["Arabic in forms for display", 0xfe80, 0xfef0],
    ["historic Cyrillic", 0x460, 0x47f],
    ["Latin letters with dots and rings", 0x1e00, 0x1e90],
    ["operators", 0x2a00, 0x2aff],
    ["squared words", 0x3300, 0x33ff],
  ])("cost at least half of their tokens: %s", (_what, first, last) => {
    const text = String.fromCodePoint(
      ...Array.from({ length: 2000 }, (_, i) => first + ((i * i + 7 * i) % (last - first))),
    );
    expect(tokens(ask(text)) / countTokens(text)).toBeGreaterThan(0.5);
  });
});
