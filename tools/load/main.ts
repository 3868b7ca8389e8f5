// `make load`: puts a real Envoy under load, prints what it bears, and writes build/load.json and build/load.txt.
//
//   ROUNDS=5       rounds, of about ten seconds each
//   --publish      copies the results to docs/bench
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { environmentOf } from "../bench/environment.ts";
import { root } from "../bench/modules.ts";
import { ENVOY, isAvailable } from "../envoy/processes.ts";
import { versionOf } from "../envoy/version.ts";
import { text, type LoadReport } from "./report.ts";
import { measureLoad } from "./run.ts";
import { hasWrk } from "./wrk.ts";

const rounds = Number(process.env.ROUNDS || 5);
if (!Number.isInteger(rounds) || rounds < 1) {
  fail(`ROUNDS is a number of at least 1, not ${process.env.ROUNDS}`);
}
if (!isAvailable || !hasWrk) {
  fail("Envoy, Webdis and wrk are needed; `make load` obtains them, or says how to");
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

const report: LoadReport = {
  ...environmentOf([]),
  envoy: versionOf(ENVOY),
  rounds,
  results: await measureLoad({ rounds, warmUp: 1 }),
};

const printed = text(report);
process.stdout.write(printed);
const build = resolve(root, "build");
writeFileSync(resolve(build, "load.json"), `${JSON.stringify(report, null, 2)}\n`);
writeFileSync(resolve(build, "load.txt"), printed);

if (process.argv.includes("--publish")) {
  const docs = resolve(root, "docs/bench");
  mkdirSync(docs, { recursive: true });
  for (const file of ["load.json", "load.txt"]) copyFileSync(resolve(build, file), resolve(docs, file));
}
