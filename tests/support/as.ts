// Compiles an AssemblyScript harness in memory and loads it, so that unit tests call assembly/ code directly.
// A trap becomes a JavaScript error that carries AssemblyScript's message. Harnesses are compiled as the product's debug build
// is, so with a runtime that collects garbage only between calls; that is done here after each.
import { createHash } from "node:crypto";
import {
  type Dirent,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const root = resolve(import.meta.dirname, "../..");
const cache = join(root, "build/harness");

/** A hash over every source that a harness could import from assembly/, how it is compiled, and the compiler's version. */
const sources = (() => {
  const hash = createHash("sha256");
  for (const file of ["node_modules/assemblyscript/package.json", "asconfig.json", "tests/support/as.ts"]) {
    hash.update(readFileSync(join(root, file)));
  }
  const walk = (directory: string): void => {
    for (const entry of entriesOf(directory)) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.name.endsWith(".ts")) hash.update(path).update(readFileSync(path));
    }
  };
  walk(join(root, "assembly"));
  return hash.digest("hex");
})();

function entriesOf(directory: string): Dirent[] {
  return readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A hash over a harness, and over those beside it, of which it may be made. */
function keyOf(harness: string): string {
  const hash = createHash("sha256").update(sources).update(harness);
  for (const { name } of entriesOf(dirname(harness))) {
    if (name.endsWith(".harness.ts")) hash.update(name).update(readFileSync(join(dirname(harness), name)));
  }
  return hash.digest("hex").slice(0, 32);
}

/**
 * The exports of a harness: a `*.harness.ts` file of flat functions over strings, numbers, i64 (bigint),
 * ArrayBuffer and typed arrays. `log` receives what the code under test hands to proxy_log. Other host calls do nothing and
 * return 0, but for those in `calls`, which are given the memory of the harness. They must not call its functions.
 */
export async function loadHarness<T>(
  file: string,
  log: (line: string) => void = () => {},
  calls: Record<string, (memory: WebAssembly.Memory, ...args: number[]) => number> = {},
): Promise<T> {
  const path = resolve(root, file);
  const key = keyOf(path);
  const wasmPath = join(cache, `${key}.wasm`);
  const jsPath = join(cache, `${key}.mjs`);
  if (!existsSync(jsPath) || !existsSync(wasmPath)) await compile(file, wasmPath, jsPath);

  const bindings = (await import(pathToFileURL(jsPath).href)) as {
    instantiate(module: WebAssembly.Module, imports: object): Promise<T>;
  };
  const module = await WebAssembly.compile(readFileSync(wasmPath));
  const guest: { memory?: WebAssembly.Memory } = {};
  const env = Object.fromEntries(
    WebAssembly.Module.imports(module)
      .filter((entry) => entry.module === "env" && entry.kind === "function")
      .map((entry) => [entry.name, () => 0]),
  ) as Record<string, (...args: number[]) => number>;
  env.proxy_log = (_level = 0, pointer = 0, length = 0) => {
    if (guest.memory) log(Buffer.from(guest.memory.buffer, pointer, length).toString("utf8"));
    return 0;
  };
  for (const [name, call] of Object.entries(calls)) {
    env[name] = (...args) => (guest.memory ? call(guest.memory, ...args) : 0);
  }
  const exports = await bindings.instantiate(module, { env });
  guest.memory = (exports as { memory?: WebAssembly.Memory }).memory;
  return collecting(exports);
}

/**
 * The same exports, each of which collects what it has left behind: the product may collect after any callback, so
 * whatever outlives one has to be found by then.
 */
function collecting<T>(exports: T): T {
  const given = exports as Record<string, unknown> & { __collect: () => void };
  const wrapped: Record<string, unknown> = {};
  // In the prototype are those whose arguments need no conversion.
  for (const name in given) {
    const value = given[name];
    if (typeof value !== "function" || name.startsWith("__")) {
      wrapped[name] = value;
      continue;
    }
    const call = value as (...args: unknown[]) => unknown;
    wrapped[name] = (...args: unknown[]): unknown => {
      const result = call(...args);
      given.__collect();
      return result;
    };
  }
  return wrapped as T;
}

async function compile(file: string, wasmPath: string, jsPath: string): Promise<void> {
  // Only here, since it takes a while to load.
  const { default: asc } = await import("../../scripts/asc.mjs");
  const outputs = new Map<string, string | Uint8Array>();
  const args = [file, "--target", "debug", "--baseDir", root, "--outFile", "harness.wasm"];
  args.push("--bindings", "raw", "--exportRuntime");
  const { error, stderr } = await asc.main(args, {
    writeFile: (name, contents) => void outputs.set(name, contents),
  });
  if (error) throw new Error(`${file}: ${stderr.toString() || error.message}`);
  mkdirSync(cache, { recursive: true });
  for (const [name, target] of [
    ["harness.js", jsPath],
    ["harness.wasm", wasmPath],
  ] as const) {
    let contents = outputs.get(name);
    if (contents === undefined) throw new Error(`${file}: asc wrote no ${name}`);
    if (typeof contents === "string") {
      // asc's bindings call host functions as globals; ours are given to instantiate().
      contents = contents.replaceAll(/\breturn (proxy_\w+)\(/g, "return imports.env.$1(");
    }
    writeFileSync(`${target}.${process.pid}`, contents);
    renameSync(`${target}.${process.pid}`, target);
  }
}
