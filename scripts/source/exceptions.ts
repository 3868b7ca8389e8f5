/**
 * What scripts/check-assembly.ts finds in AssemblyScript today and lets pass, word for word. The list only gets shorter: a
 * finding that has gone must go from here too.
 */
export const EXCEPTIONS: readonly string[] = [
  "assembly/json/reader.ts has over 300 lines",
  "assembly/regex/parser.ts has over 300 lines",
  "assembly/usage/document.ts has over 300 lines",
  "assembly/estimate/estimator-costs.ts exports Cost, which no other file imports",
  "assembly/usage/formats.ts has over 300 lines",
  "assembly/usage/paths.ts has over 300 lines",
];
