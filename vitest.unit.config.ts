// What needs neither Redis nor root, and is quick: for `make unit` and `make watch`.
import { defineConfig, mergeConfig } from "vitest/config";
import { startsNothing } from "./tests/support/starts-nothing.ts";
import base from "./vitest.config.ts";

/** An hour of outage, tick by tick, takes as long as half of all others. */
const SLOW = ["tests/conformance/outage.test.ts"];

export default mergeConfig(
  { ...base, test: { ...base.test, projects: undefined } },
  defineConfig({
    test: {
      include: startsNothing().filter((path) => !SLOW.includes(path)),
      // No process of its own for a file, which would load the same code again.
      isolate: false,
      globalSetup: "tests/support/build.ts",
      // Tests run AssemblyScript that they do not import: the harnesses, and the built modules.
      forceRerunTriggers: ["**/assembly/**/*.ts", "**/*.harness.ts"],
    },
  }),
);
