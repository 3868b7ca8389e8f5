// Loads code of the filter that cannot be reached through the proxy-wasm ABI: an AssemblyScript file of flat functions
// over numbers, compiled with the options of the release build.
import { readFileSync } from "node:fs";
import { compile } from "./modules.ts";

/** What every harness exports. */
export interface Harness {
  memory: WebAssembly.Memory;
  /** Memory for bytes that are handed in. */
  allocate(size: number): number;
  /** Collects garbage; only while no other function runs. */
  collect(): void;
}

const compiled = new Map<string, Promise<WebAssembly.Module>>();

async function moduleOf(name: string): Promise<WebAssembly.Module> {
  const file = await compile(`tools/bench/${name}.harness.ts`, `${name}.wasm`);
  return new WebAssembly.Module(readFileSync(file));
}

/** A new instance of a harness, which is compiled once. */
export async function loadHarness<T extends Harness>(name: string): Promise<T> {
  const pending = compiled.get(name) ?? moduleOf(name);
  compiled.set(name, pending);
  const module = await pending;
  const imports: Record<string, Record<string, () => number>> = {};
  // The code under test may log or ask the host for something; here it is told nothing.
  for (const { module: from, name: call } of WebAssembly.Module.imports(module)) {
    (imports[from] ??= {})[call] = () => 1;
  }
  const { exports } = await WebAssembly.instantiate(module, imports);
  (exports._initialize as () => void)();
  return exports as unknown as T;
}

/** Copies bytes into a harness; their address. */
export function put(harness: Harness, bytes: Uint8Array): number {
  const ptr = harness.allocate(bytes.length);
  new Uint8Array(harness.memory.buffer, ptr, bytes.length).set(bytes);
  return ptr;
}
