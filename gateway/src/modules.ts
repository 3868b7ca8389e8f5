import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { OptionError } from "./services.ts";

/** The path of a module, or its bytes. */
export type ModuleSource = string | Uint8Array;

/** The plugins of this project, which `make build` makes for Higress. */
const BUILT = ["ai-token-ratelimit", "ai-quota"];

export const DEFAULT_WASM = builtModule("ai-token-ratelimit");

function builtModule(name: string): string {
  return fileURLToPath(new URL(`../../build/${name}.wasm`, import.meta.url));
}

/**
 * The module of a plugin that goes by one of these names: one that `modules` has, or one of this project; `undefined` if there
 * is none.
 */
export function findModule(
  aliases: readonly string[],
  modules: Readonly<Record<string, ModuleSource>>,
): ModuleSource | undefined {
  const given = aliases.find((alias) => Object.hasOwn(modules, alias));
  if (given !== undefined) return modules[given];
  const built = BUILT.find((name) => aliases.includes(name));
  return built === undefined ? undefined : builtModule(built);
}

/** @throws OptionError if there is no such file, or it is no module */
export async function compile(wasm: ModuleSource): Promise<WebAssembly.Module> {
  const bytes = typeof wasm === "string" ? await readWasm(wasm) : wasm;
  try {
    return await WebAssembly.compile(bytes as BufferSource);
  } catch (error) {
    const name = typeof wasm === "string" ? wasm : "wasm";
    throw new OptionError(`${name}: not a WebAssembly module: ${(error as Error).message}`);
  }
}

async function readWasm(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch {
    throw new OptionError(`${path}: no such module; run \`make build\`, or name one with --wasm`);
  }
}
