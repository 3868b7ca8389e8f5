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

/** A parser for a repeatable option; all its values in order. */
export function list(text: string, previous: readonly string[]): string[] {
  return [...previous, text];
}

/** A parser for a repeatable `FILE` or `NAME=FILE`: modules by the names of their plugins; `fallback` is the name of a bare one. */
export function wasmModule(
  fallback: string,
): (text: string, previous: Readonly<Record<string, string>>) => Record<string, string> {
  return (text, previous) => {
    const at = text.indexOf("=");
    const [name, file] = at < 0 ? [fallback, text] : [text.slice(0, at), text.slice(at + 1)];
    if (name === "" || file === "") throw new InvalidArgumentError("expected FILE or NAME=FILE");
    return { ...previous, [name]: file };
  };
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
