import { delimiter, resolve } from "node:path";
import { configDefaults, defineConfig } from "vitest/config";

// As the Makefile does: programs that scripts/ensure-tools.sh has fetched are found, after the machine's own.
process.env.PATH += delimiter + resolve(import.meta.dirname, "build/tools/bin");

const report = process.env.VITEST_REPORT;

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    // The recorded responses are not part of the repository: this test is only there where they are.
    exclude: [...configDefaults.exclude, ...(process.env.CORPUS_DIR ? [] : ["tests/**/corpus.test.ts"])],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // CI counts the tests from the JSON report.
    reporters: report ? ["default", "json"] : ["default"],
    ...(report ? { outputFile: { json: report } } : {}),
  },
});
