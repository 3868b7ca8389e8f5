// The modules that are compared: the built filter, the floor, and whatever is given as PEER.
import { mkdirSync, readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import asc from "assemblyscript/asc";

export const root = resolve(import.meta.dirname, "../..");
const output = resolve(root, "build/bench");

export interface FilterModule {
  name: string;
  bytes: Buffer;
  module: WebAssembly.Module;
}

/** Compiles AssemblyScript in the folder `build/bench` with the options of the release build, and more. */
export async function compile(source: string, file: string, options: string[] = []): Promise<string> {
  mkdirSync(output, { recursive: true });
  const path = resolve(output, file);
  const args = [source, "--target", "release", "--baseDir", root, "--outFile", `build/bench/${file}`];
  const { error, stderr } = await asc.main([...args, ...options]);
  if (error) throw new Error(`${source}: ${stderr.toString() || error.message}`);
  return path;
}

function load(name: string, path: string): FilterModule {
  const bytes = readFileSync(path);
  return { name, bytes, module: new WebAssembly.Module(bytes) };
}

export async function filterModules(peer: string | undefined): Promise<FilterModule[]> {
  const modules = [
    load("ours", resolve(root, "build/ai-token-ratelimit.wasm")),
    load("floor", await compile("tests/bench/floor.harness.ts", "floor.wasm")),
  ];
  if (peer) modules.push(load(basename(peer, ".wasm"), resolve(peer)));
  return modules;
}
