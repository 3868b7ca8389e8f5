// Builds every filter in release and debug form, or with --check only type-checks them.
import { mkdirSync, statSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { readFileSync } from "node:fs";
import asc from "assemblyscript/asc";

/** Entry file -> name of the module. */
const MODULES = {
  "assembly/token-ratelimit.higress.ts": "ai-token-ratelimit",
  "assembly/token-ratelimit.envoy.ts": "ai-token-ratelimit.envoy",
};

const check = process.argv.includes("--check");
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;

async function compile(entry, args) {
  const { error, stdout, stderr } = await asc.main([entry, ...args]);
  process.stdout.write(stdout.toString());
  process.stderr.write(stderr.toString());
  if (error) process.exit(1);
}

if (!check) mkdirSync("build", { recursive: true });
for (const [entry, name] of Object.entries(MODULES)) {
  if (check) {
    await compile(entry, ["--noEmit"]);
    continue;
  }
  for (const target of ["debug", "release"]) {
    const file = `build/${name}${target === "debug" ? ".debug" : ""}.wasm`;
    await compile(entry, ["--target", target, "--outFile", file]);
    const gzipped = gzipSync(readFileSync(file), { level: 9 }).length;
    console.log(`${file}  ${kilobytes(statSync(file).size)} (${kilobytes(gzipped)} gzipped)`);
  }
}
