import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import type { TestProject } from "vitest/node";

const root = resolve(import.meta.dirname, "../..");

function build(): void {
  execFileSync("node", ["scripts/build.mjs"], { cwd: root, stdio: "inherit" });
}

/**
 * Builds the modules before the tests run, and again before they do so for a change; quick if nothing has changed.
 * @throws if they cannot be built at first. Later the compiler's message must do: what runs then is the last that could be.
 */
export default function setup(project: TestProject): void {
  build();
  project.onTestsRerun(() => {
    try {
      build();
    } catch {
      console.error("The tests run with the modules of before.");
    }
  });
}
