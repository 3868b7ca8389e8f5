import { delimiter, resolve } from "node:path";
import { configDefaults, defineConfig } from "vitest/config";
import { startsNothing } from "./tests/support/starts-nothing.ts";

// As the Makefile does: programs that scripts/ensure-tools.sh has fetched are found, after the machine's own.
process.env.PATH += delimiter + resolve(import.meta.dirname, "build/tools/bin");

const alone = startsNothing();
// The recorded responses are not part of the repository: this test is only there where they are.
const exclude = [...configDefaults.exclude, ...(process.env.CORPUS_DIR ? [] : ["tests/**/corpus.test.ts"])];
const report = process.env.VITEST_REPORT;

export default defineConfig({
  test: {
    exclude,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: "100%",
    // CI counts the tests from the JSON report.
    reporters: report ? ["default", "json"] : ["default"],
    ...(report ? { outputFile: { json: report } } : {}),
    projects: [
      {
        extends: true,
        // No process of its own for a file, which would load the same code again.
        test: { name: "alone", include: alone, isolate: false },
      },
      {
        extends: true,
        test: {
          name: "with others",
          include: ["tests/**/*.test.ts"],
          exclude: [...exclude, ...alone],
        },
      },
    ],
  },
});
