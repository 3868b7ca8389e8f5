// `make bench`: measures, prints, and writes build/bench.json, build/bench.svg and build/bench.txt.
//
//   PEER=file.wasm         another filter to compare with, e.g. a build of the published plugin; with ONLY=reservation, an
//                          earlier build of this one
//   PEER_QUOTA=file.wasm   the same for ai-quota
//   ROUNDS=60              rounds per measurement
//   ONLY=sse               one kind of request, or one section
//   --publish              copies the results to docs/bench, and the figures into README.md and README_zh.md
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { chart } from "./chart.ts";
import { measureConfiguration } from "./configuration.ts";
import { environmentOf } from "./environment.ts";
import { measureMatching } from "./matching.ts";
import { measureMemory } from "./memory.ts";
import { filterModules, quotaModules, reservationModules, root, type FilterModule } from "./modules.ts";
import { QUOTA } from "./quota-scenarios.ts";
import { writeFigures } from "./readme.ts";
import { measureRecords } from "./recording-cost.ts";
import { text, type Report } from "./report.ts";
import { measureRequests } from "./requests.ts";
import { RESERVATION } from "./reservation-scenarios.ts";
import { measureEstimator, measureRegex, measureScanner } from "./scanning.ts";
import { SCENARIOS } from "./scenarios.ts";
import { measureScripts } from "./script-time.ts";

const SECTIONS = [
  "requests",
  "reservation",
  "quota",
  "records",
  "scripts",
  "matching",
  "scanning",
  "regex",
  "configuration",
  "memory",
] as const;
/** Starting a VM with ten thousand keys takes long enough that a few rounds tell. */
const CONFIGURATION_ROUNDS = 10;

const { PEER, PEER_QUOTA, ROUNDS, ONLY } = process.env;
const publish = process.argv.includes("--publish");
const rounds = Number(ROUNDS || 60);
const names = SCENARIOS.map(({ name }) => name);
if (!Number.isInteger(rounds) || rounds < 1) fail(`ROUNDS is a number of at least 1, not ${ROUNDS}`);
if (ONLY && ![...SECTIONS, ...names].includes(ONLY)) {
  fail(`ONLY is one of ${[...SECTIONS, ...names].join(", ")}, not ${ONLY}`);
}
if (publish && ONLY) fail("only whole runs are published");

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

function wants(section: (typeof SECTIONS)[number]): boolean {
  if (!ONLY || ONLY === section) return true;
  return section === "requests" && names.includes(ONLY);
}

function progress(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
}

const reason = (error: Error): never => fail(error.message);
const modules = await filterModules(PEER).catch(reason);
const quotas = wants("quota") ? await quotaModules(PEER_QUOTA).catch(reason) : [];
const [ours, ...others] = modules as [FilterModule, ...FilterModule[]];
// The floors of the other sections are no filters that anybody could use instead.
const report: Report = environmentOf([...others, ...quotas.slice(2)]);
const wantsScenario = (name: string): boolean => !names.includes(ONLY ?? "") || ONLY === name;
// V8 takes its time to optimize what runs seldom, such as garbage collections.
const effort = { rounds, warmUp: 800, batch: 4 };
if (wants("requests")) {
  progress("requests ...");
  report.requests = await measureRequests(modules, wantsScenario, effort);
}
if (wants("reservation")) {
  progress("reservations ...");
  // Other filters have no reservations.
  const held = await reservationModules(ONLY === "reservation" ? PEER : undefined);
  report.reservation = await measureRequests(held, () => true, effort, RESERVATION);
}
if (wants("quota")) {
  progress("quota ...");
  report.quota = await measureRequests(quotas, () => true, effort, QUOTA);
}
if (wants("records")) {
  progress("records of decisions ...");
  report.records = await measureRecords(ours.module, effort);
}
if (wants("scripts")) {
  progress("scripts ...");
  report.scripts = await measureScripts({ rounds: Math.ceil(rounds / 2), batch: 200 });
}
if (wants("matching")) {
  progress("matching ...");
  report.matching = await measureMatching(ours.module, {
    rounds: Math.ceil(rounds / 3),
    warmUp: 100,
    batch: 10,
  });
}
if (wants("scanning")) {
  progress("scanning ...");
  const shorter = { rounds, warmUp: 150, batch: 3 };
  report.scanning = [...(await measureScanner(shorter)), ...(await measureEstimator(shorter))];
}
if (wants("regex")) {
  progress("regular expressions ...");
  report.regex = await measureRegex({ rounds: Math.ceil(rounds / 2), warmUp: 40, batch: 1 });
}
if (wants("configuration")) {
  progress("configuration ...");
  report.configuration = await measureConfiguration(ours.bytes, Math.min(rounds, CONFIGURATION_ROUNDS));
}
if (wants("memory")) {
  progress("a million requests ...");
  report.memory = await measureMemory(ours.module);
}
progress("");

const printed = text(report);
process.stdout.write(printed);
const build = resolve(root, "build");
writeFileSync(resolve(build, "bench.json"), `${JSON.stringify(report, null, 2)}\n`);
writeFileSync(resolve(build, "bench.txt"), printed);
const svg = chart(report);
if (svg !== null) writeFileSync(resolve(build, "bench.svg"), svg);

if (publish) {
  const docs = resolve(root, "docs/bench");
  mkdirSync(docs, { recursive: true });
  for (const file of ["bench.json", "bench.txt", "bench.svg"]) {
    copyFileSync(resolve(build, file), resolve(docs, file));
  }
  // A run that is published is whole.
  for (const file of ["README.md", "README_zh.md"]) {
    writeFigures(resolve(root, file), report as Required<Report>);
  }
}
