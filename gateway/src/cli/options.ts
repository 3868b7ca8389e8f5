import { InvalidArgumentError } from "commander";
import { readFile } from "node:fs/promises";
import { OptionError } from "../services.ts";

/** A parser for commander: an integer from `min` to `max`. */
export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}`);
    return value;
  };
}

/** A parser for a repeatable `NAME=HOST:PORT`. */
export function service(text: string, previous: Readonly<Record<string, string>>): Record<string, string> {
  const [, name, address] = /^([^=]+)=([^=]+)$/.exec(text) ?? [];
  if (name === undefined || address === undefined) throw new InvalidArgumentError("expected NAME=HOST:PORT");
  return { ...previous, [name]: address };
}

/**
 * The text of a file that an option names.
 * @throws OptionError if it cannot be read.
 */
export async function readOptionFile(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new OptionError(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
