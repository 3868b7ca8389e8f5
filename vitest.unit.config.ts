// What needs neither Redis nor root, and is quick: for `make unit` and `make watch`.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig, mergeConfig } from "vitest/config";
import { filesBelow } from "./scripts/source/files.ts";
import base from "./vitest.config.ts";

/** An hour of outage, tick by tick, takes as long as half of all others. */
const SLOW = ["tests/conformance/outage.test.ts"];

const root = import.meta.dirname;
const tests = ["tests/unit", "tests/conformance"].flatMap((folder) =>
  filesBelow(root, folder, /\.test\.ts$/),
);
const startsRedis = (path: string): boolean =>
  readFileSync(resolve(root, path), "utf8").includes("startRedisServer");

export default mergeConfig(
  { ...base, test: { ...base.test, include: [] } },
  defineConfig({
    test: {
      include: tests.filter((path) => !SLOW.includes(path) && !startsRedis(path)),
      // Every core, and no process of its own for a file: each test makes its own guests, and shares nothing else.
      maxWorkers: "100%",
      isolate: false,
      globalSetup: "tests/support/build.ts",
      // Tests run AssemblyScript that they do not import: the harnesses, and the built modules.
      forceRerunTriggers: ["**/assembly/**/*.ts", "**/*.harness.ts"],
    },
  }),
);
