import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkAssembly, type Finding } from "./check-assembly.ts";
import { filesBelow } from "./files.ts";
import { parseModule, type SourceModule } from "./module.ts";

/** All source files below the folders, read and parsed. */
export function modulesBelow(root: string, folders: readonly string[]): SourceModule[] {
  return folders
    .flatMap((folder) => filesBelow(root, folder, /\.(ts|mjs)$/))
    .map((path) => parseModule(path, readFileSync(join(root, path), "utf8")));
}

/** What is wrong in the project's AssemblyScript: assembly/, and the harnesses of tests and tools. */
export function checkAssemblyOf(root: string): Finding[] {
  const sources = modulesBelow(root, ["assembly", "tests", "tools"]).filter(
    ({ path }) => path.startsWith("assembly/") || path.endsWith(".harness.ts"),
  );
  return checkAssembly(sources, keptBy(readFileSync(join(root, "asconfig.json"), "utf8")));
}

/** What the compiler's configuration names: `use` has `alias=path/name`. */
function keptBy(asconfig: string): Set<string> {
  const { options } = JSON.parse(asconfig) as { options: { use?: string[] } };
  return new Set((options.use ?? []).map((use) => use.replace(/^.*=(.*)\/(.*)$/, "$1.ts#$2")));
}
