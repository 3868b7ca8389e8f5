// Which tests start no other programs. Each of them makes its own guests and shares nothing else, so any number of them can run
// in one process, and several processes at a time.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { filesBelow } from "../../scripts/source/files.ts";

const root = resolve(import.meta.dirname, "../..");

/** The paths of their files, from the root of the project. */
export function startsNothing(): string[] {
  return ["tests/unit", "tests/conformance"]
    .flatMap((folder) => filesBelow(root, folder, /\.test\.ts$/))
    .filter((path) => !readFileSync(resolve(root, path), "utf8").includes("startRedisServer"));
}
