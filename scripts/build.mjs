// Builds every filter in release and debug form, or with --check only type-checks them. What was built from the same content
// is left alone: build/.built holds digests of all that goes into the modules, and of the modules.
import { createHash } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { updateLuaScripts } from "./lua-scripts.mjs";
import { withFunctionsOrdered } from "./order-functions.mjs";
import { packData } from "./pack-data.mjs";
import { MODULES } from "./plugins.mjs";

const FORMS = { debug: ".debug.wasm", release: ".wasm" };
/** What the compiler does for a release: it does not optimise, and keeps the names of functions. */
const UNFINISHED = ["--transform", "./scripts/static-bytes.mjs", "--optimizeLevel", "0", "--debug"];
/** All that a module is made of; the lock file tells the compiler's version. */
const INPUTS = [
  "assembly",
  "asconfig.json",
  "package-lock.json",
  "scripts/build.mjs",
  "scripts/compress.mjs",
  "scripts/lua-scripts.mjs",
  "scripts/module-text.mjs",
  "scripts/optimize.mjs",
  "scripts/order-functions.mjs",
  "scripts/pack-data.mjs",
  "scripts/plugins.mjs",
  "scripts/range-coder.mjs",
  "scripts/static-bytes.mjs",
  "scripts/static-objects.mjs",
  "scripts/wasm-binary.mjs",
  "scripts/wasm-code.mjs",
  "scripts/zeroed-objects.mjs",
];
const STAMP = "build/.built";

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

const outputs = MODULES.flatMap(({ entry, name, inlined }) =>
  Object.entries(FORMS).map(([target, suffix]) => ({
    entry,
    target,
    file: `build/${name}${suffix}`,
    inlined,
  })),
);

/** The files of a folder, and of those in it, in an order that is always the same; of a file, itself. */
function filesOf(path) {
  try {
    const names = readdirSync(path).sort();
    return names.flatMap((name) => filesOf(join(path, name)));
  } catch (error) {
    if (error.code !== "ENOTDIR") throw error;
    return [path];
  }
}

/** A digest of names and contents. */
const digestOf = (files) => sha256(files.map((file) => `${file} ${sha256(readFileSync(file))}\n`).join(""));

const inputs = () => digestOf(INPUTS.flatMap(filesOf));

/** What the stamp says once a build of these inputs is complete. */
const stampOf = (inputDigest) => `${inputDigest} ${digestOf(outputs.map(({ file }) => file))}\n`;

function isBuilt(inputDigest) {
  try {
    return readFileSync(STAMP, "utf8") === stampOf(inputDigest);
  } catch {
    return false;
  }
}

async function compile(entry, args) {
  const { default: asc } = await import("assemblyscript/asc");
  const { error, stdout, stderr } = await asc.main([entry, ...args]);
  process.stdout.write(stdout.toString());
  process.stderr.write(stderr.toString());
  if (error) process.exit(1);
}

/** Does what is left to do for a release. */
async function finish(module, inlined) {
  const { optimized } = await import("./optimize.mjs");
  writeFileSync(module, packData(withFunctionsOrdered(optimized(readFileSync(module), inlined))));
}

if (process.argv.includes("--check")) {
  if (!updateLuaScripts(false)) {
    console.error("assembly/ledger/lua/scripts.ts is not what its sources make; run make build");
    process.exit(1);
  }
  for (const entry of new Set(MODULES.map((module) => module.entry))) await compile(entry, ["--noEmit"]);
} else {
  mkdirSync("build", { recursive: true });
  updateLuaScripts();
  const before = inputs();
  const isCurrent = isBuilt(before);
  if (!isCurrent) {
    rmSync(STAMP, { force: true });
    const scratch = mkdtempSync("build/.new-");
    process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
    for (const { entry, target, file, inlined } of outputs) {
      // Moved into place, so that whoever reads the module has all of it, also while two builds run.
      const module = join(scratch, "module.wasm");
      const isRelease = target === "release";
      await compile(entry, ["--target", target, ...(isRelease ? UNFINISHED : []), "--outFile", module]);
      if (isRelease) await finish(module, inlined);
      renameSync(module, file);
    }
    // What was changed meanwhile is built next time.
    if (inputs() === before) writeFileSync(STAMP, stampOf(before));
  }
  for (const { file } of outputs) {
    const bytes = readFileSync(file);
    const size = `${kilobytes(bytes.length)} (${kilobytes(gzipSync(bytes, { level: 9 }).length)} gzipped)`;
    console.log(`${file}  ${size}${isCurrent ? ", unchanged" : ""}`);
  }
}
