// Writes build/fake-llm.mjs: the fake LLM in one file that any Node.js image runs, for the compose.yaml files of deploy/.
import { build } from "esbuild";

await build({
  entryPoints: ["gateway/src/fake-llm/main.ts"],
  outfile: "build/fake-llm.mjs",
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
