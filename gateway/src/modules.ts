import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { LIMITER, OWN_PLUGINS, type OwnPlugin } from "./config/own-plugins.ts";
import { OptionError } from "./services.ts";

/** The path of a module, or its bytes. */
export type ModuleSource = string | Uint8Array;

/** What checks a configuration: the compiled modules of plugins. */
export type Judges = ReadonlyMap<OwnPlugin, WebAssembly.Module>;

export const DEFAULT_WASM = builtModule(LIMITER);

/** A plugin of this project as `make build` makes it for Higress. */
function builtModule(name: OwnPlugin): string {
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
  const built = OWN_PLUGINS.find((name) => aliases.includes(name));
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

/**
 * The modules that check configurations.
 * @param wasm checks all of them; without it, each plugin of this project checks its own
 * @throws OptionError as `compile`
 */
export async function judgesOf(wasm?: ModuleSource): Promise<Judges> {
  const shared = wasm === undefined ? undefined : await compile(wasm);
  const entries = OWN_PLUGINS.map(
    async (plugin) => [plugin, shared ?? (await compile(builtModule(plugin)))] as const,
  );
  return new Map(await Promise.all(entries));
}

async function readWasm(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch {
    throw new OptionError(`${path}: no such module; run \`make build\`, or name one with --wasm`);
  }
}
