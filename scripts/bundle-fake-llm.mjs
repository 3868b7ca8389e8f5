// Writes build/fake-llm.mjs: the fake LLM in one file that any Node.js image runs, for the compose.yaml files of deploy/.
import { renameSync } from "node:fs";
import { build } from "esbuild";

const file = "build/fake-llm.mjs";
const scratch = `${file}.${process.pid}`;
await build({
  entryPoints: ["tools/fake-llm/main.ts"],
  outfile: scratch,
  bundle: true,
  platform: "node",
  target: "node20",
  format: "esm",
  // Of the dependencies, commander is CommonJS and calls require.
  banner: {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
  },
  logLevel: "warning",
});
// Moved into place, so that whoever reads it has all of it, also while two builds run.
renameSync(scratch, file);
