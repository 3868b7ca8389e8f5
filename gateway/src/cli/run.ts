import type { Command } from "commander";
import { ConfigError } from "../config/yaml.ts";
import { stripGuestPrefix } from "../log.ts";
import { OptionError } from "../services.ts";
import { ConfigurationRefused } from "../wasm/filter-host.ts";
import { ModuleRejected } from "../wasm/vm.ts";

/** Runs a command line; a mistake of the user's is one line per problem and exit code 1, not a stack trace. */
export async function runMain(program: Command): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    for (const line of explain(error)) console.error(`error: ${line}`);
    process.exitCode = 1;
  }
}

function explain(error: unknown): readonly string[] {
  if (error instanceof ConfigurationRefused)
    return error.problems.length > 0 ? error.problems.map(stripGuestPrefix) : [error.message];
  const isExpected = [ConfigError, OptionError, ModuleRejected].some((type) => error instanceof type);
  if (error instanceof Error && isExpected) return [error.message];
  throw error;
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process as usual. */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
      resolve();
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });
}
