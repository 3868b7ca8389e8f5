import type { Command } from "commander";
import { constants } from "node:os";
import { ConfigError } from "../config/yaml.ts";
import { stripGuestPrefix } from "../log.ts";
import { OptionError } from "../services.ts";
import { isUnderNpm, watchNpm } from "./npm.ts";
import { ConfigurationRefused } from "../chain/filter.ts";
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
  if (error instanceof Error && isExpected) return error.message.split("\n");
  throw error;
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
/** npm passes on a Ctrl-C that the terminal has sent to its children already; nobody types a second one that fast. */
const NPM_ECHO_MS = 300;

/**
 * Resolves at the first SIGINT or SIGTERM. A second one ends the process at once, as number one of a container too, where
 * the system itself would not.
 */
export function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let first = -Infinity;
    const onSignal = (signal: NodeJS.Signals): void => {
      const now = performance.now();
      if (first === -Infinity) {
        first = now;
        resolve(signal);
      } else if (!isUnderNpm || now - first > NPM_ECHO_MS) {
        process.exit(128 + constants.signals[signal]);
      }
    };
    for (const signal of SIGNALS) process.on(signal, onSignal);
    if (isUnderNpm) watchNpm(() => resolve("SIGTERM"));
  });
}
