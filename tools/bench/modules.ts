// The modules that are compared: the built filters, their floors, and whatever is given as PEER.
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import asc from "../../scripts/asc.mjs";

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

/** All that `make build` makes for release. */
export function releases(): FilterModule[] {
  return readdirSync(resolve(root, "build"))
    .filter((file) => file.endsWith(".wasm") && !file.endsWith(".debug.wasm"))
    .map((file) => load(file, resolve(root, "build", file)));
}

async function compared(plugin: string, floor: string, peer?: string): Promise<FilterModule[]> {
  const modules = [
    load("ours", resolve(root, `build/${plugin}.wasm`)),
    load("floor", await compile(`tools/bench/${floor}.harness.ts`, `${floor}.wasm`)),
  ];
  if (peer && !existsSync(peer)) throw new Error(`there is no file ${peer}`);
  if (peer) modules.push(load(basename(peer, ".wasm"), resolve(peer)));
  return modules;
}

/** The rate limiter and its floor. @param peer the file of another filter */
export function filterModules(peer?: string): Promise<FilterModule[]> {
  return compared("ai-token-ratelimit", "floor", peer);
}

/** The rate limiter, and its floor when calls reserve their tokens. @param peer the file of an earlier build of it */
export function reservationModules(peer?: string): Promise<FilterModule[]> {
  return compared("ai-token-ratelimit", "reservation-floor", peer);
}

/** ai-quota and its floor. @param peer the file of another filter */
export function quotaModules(peer?: string): Promise<FilterModule[]> {
  return compared("ai-quota", "quota-floor", peer);
}
