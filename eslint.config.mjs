import tseslint from "typescript-eslint";

// AssemblyScript is not read by ESLint's parser: asc, scripts/check-assembly.ts and tests/architecture.test.ts check it.
const ASSEMBLYSCRIPT = ["assembly/", "**/*.harness.ts", "**/fixtures/"];

export default tseslint.config(
  { ignores: ["build/", "node_modules/", ...ASSEMBLYSCRIPT] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  tseslint.configs.strict,
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "@typescript-eslint/no-non-null-assertion": "off",
      "no-console": "off",
      "max-lines": ["error", { max: 300 }],
      "max-lines-per-function": ["error", { max: 60 }],
    },
  },
  {
    files: ["**/*.test.ts"],
    rules: {
      // A contract that is long in cases is not split, up to here.
      "max-lines": ["error", { max: 400 }],
      // A describe block is as long as its tests.
      "max-lines-per-function": "off",
      // What a harness exports are functions of WebAssembly, which have no `this`.
      "@typescript-eslint/unbound-method": "off",
      // vitest's matchers (expect.any and its like) are of type any.
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowArray: true }],
    },
  },
  // To be split.
  {
    files: ["tests/support/strict-host.ts"],
    rules: { "max-lines": "off" },
  },
  {
    files: ["tests/conformance/**", "tests/unit/**"],
    rules: { "@typescript-eslint/no-unnecessary-type-assertion": "off" },
  },
  { files: ["**/*.mjs", "gateway/page/**"], extends: [tseslint.configs.disableTypeChecked] },
);
