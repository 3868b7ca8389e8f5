// `make overshoot`: makes many calls at once on a limit that fits forty of them, prints what they are charged, and writes
// build/overshoot.json, build/overshoot.txt and build/overshoot.svg.
//
//   CALLS=1,10,100,1000   how many
//   PEER=file.wasm        another plugin to compare with, in the local gateway
//   --publish             copies the results to docs/bench, and the figures into README.md and README_zh.md
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { writeBlock } from "../bench/block.ts";
import { environmentOf } from "../bench/environment.ts";
import { root } from "../bench/modules.ts";
import { ENVOY, isAvailable } from "../envoy/processes.ts";
import { versionOf } from "../envoy/version.ts";
import { chart, figures, SOURCE, text, type OvershootReport } from "./report.ts";
import { measureAll } from "./run.ts";
import { FITTING, LIMIT } from "./workload.ts";

const ALL = [1, 10, 100, 1000];
const { CALLS, PEER } = process.env;
const publish = process.argv.includes("--publish");
const calls = CALLS ? CALLS.split(",").map(Number) : ALL;
if (!calls.every((count) => Number.isInteger(count) && count >= 1 && count <= 1000)) {
  fail(`CALLS are numbers from 1 to 1000 with commas between them, not ${CALLS}`);
}
if (PEER && !existsSync(PEER)) fail(`there is no file ${PEER}`);
if (publish && (CALLS || !isAvailable)) fail("only whole runs are published, with Envoy");

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

// Each process that is started listens for the end of this one.
process.setMaxListeners(50);
const results = await measureAll({
  calls,
  peer: PEER ? resolve(PEER) : undefined,
  progress: (what) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
  },
});
if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
const report: OvershootReport = {
  ...environmentOf([]),
  envoy: isAvailable ? versionOf(ENVOY) : null,
  limit: LIMIT,
  fitting: FITTING,
  results,
};

const build = resolve(root, "build");
const printed = text(report);
process.stdout.write(printed);
writeFileSync(resolve(build, "overshoot.json"), `${JSON.stringify(report, null, 2)}\n`);
writeFileSync(resolve(build, "overshoot.txt"), printed);
writeFileSync(resolve(build, "overshoot.svg"), chart(report));

if (publish) {
  const docs = resolve(root, "docs/bench");
  mkdirSync(docs, { recursive: true });
  for (const file of ["overshoot.json", "overshoot.txt", "overshoot.svg"]) {
    copyFileSync(resolve(build, file), resolve(docs, file));
  }
  for (const file of ["README.md", "README_zh.md"]) {
    writeBlock(resolve(root, file), SOURCE, figures(report));
  }
}
