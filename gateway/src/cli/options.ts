import { InvalidArgumentError } from "commander";

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
