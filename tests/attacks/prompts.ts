import type { Attack } from "./attack.ts";

/** Prompts that cost nothing, or too little. */
export const PROMPTS_NOT_COUNTED: readonly Attack[] = [
  [
    "A prompt that looks like a file in base64 costs next to nothing.",
    "unit/usage/request-files.test.ts",
    "charges a prompt of random letters as text",
  ],
  [
    "A prompt without blanks, or encoded, passes for a picture, which is cheap.",
    "unit/usage/request-files.test.ts",
    "text is not taken for a file",
  ],
  [
    "The letters of a picture stand in front of a prompt, or behind it.",
    "unit/usage/request-files.test.ts",
    "%i letters of a file in front of it, or behind it",
  ],
  [
    "Thousands of blanks, dots or line ends stand where the text is looked at.",
    "unit/usage/request-fillers.test.ts",
    "cheap text does not make the other cheap",
  ],
  [
    "A prompt in Braille, or in forms of letters for display, which models read and tokenizers do not know.",
    "unit/usage/request-fillers.test.ts",
    "cost at least half of their tokens: %s",
  ],
  [
    "A body is written so that one reader of JSON takes it and another does not: nested, marked, in UTF-16, with comments, compressed.",
    "unit/usage/request-syntax.test.ts",
    "a body that not every reader of JSON takes is read, or counts by its size",
  ],
  [
    "Tables of numbers, literals or empty lists in the arguments and schemas of tools, which hold no text.",
    "unit/usage/request-values.test.ts",
    "costs at least a token for each value: %s",
  ],
  [
    "The prompt stands in the names of a tool's parameters.",
    "unit/usage/request-values.test.ts",
    "counts in names",
  ],
  [
    "The prompt is a list of the numbers of its tokens.",
    "unit/usage/request-values.test.ts",
    "counts as numbers of tokens",
  ],
  [
    "A prompt of base64, alone or behind a few words, at a place of text or in what a tool is said to have returned.",
    "unit/usage/text-places.test.ts",
    "is text at %s, of any length, and behind other text",
  ],
  [
    "A prompt that looks like a file in the schema of a tool, at names that are made up.",
    "unit/usage/text-places.test.ts",
    "is text at %s, of any length, and behind other text",
  ],
  [
    "A field of a form is compressed, or in UTF-32, and passes for a file.",
    "unit/usage/text-places.test.ts",
    "has files only in parts with a file's name",
  ],
];
