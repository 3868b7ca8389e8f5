import tseslint from "typescript-eslint";

// assembly/ is AssemblyScript, which ESLint's parser does not read; asc and tests/architecture.test.ts check it.
export default tseslint.config(
  { ignores: ["build/", "node_modules/", "assembly/", "**/*.harness.ts", "tests/**/fixtures/"] },
  tseslint.configs.strict,
  {
    rules: {
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "@typescript-eslint/no-non-null-assertion": "off",
      "no-console": "off",
    },
  },
);
