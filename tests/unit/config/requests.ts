// What the tests of matching share: a configuration of rule items, and what of it applies to a request.
import { expect } from "vitest";
import { config, parse, redis, utf8 } from "./support.ts";

/** Configures the filter with what has no error. */
export const configure = (value: object): void => {
  const lines = parse({ rule_name: "r", redis, ...value }, false);
  expect(lines.filter((line) => line.startsWith("error"))).toEqual([]);
};
/** Keys with limits of 1, 2, 3 ... tokens per second, so that a result tells which of them matched. */
export const item = (kind: string, name: string | null, ...keys: string[]): object => ({
  [kind]: name,
  limit_keys: keys.map((key, i) => ({ key, token_per_second: i + 1 })),
});
/** The parts of a counter's key. Names have no colon in these tests; a value may have any bytes. */
const KEY = /^(\d+\/\d+) higress-token-ratelimit:[^:]*:(limit_by_\w+):\d+:([^:]*):(.*)$/s;

/** What of a request of these headers and properties the rule items limit: "kind name value tokens/seconds,..." each. */
export const match = (
  request: Record<string, string | ArrayBuffer>,
  encoding: "utf8" | "latin1" = "utf8",
): string[] => {
  const values = Object.values(request).map((value) => (typeof value === "string" ? utf8(value) : value));
  const text = Buffer.from(config.match(Object.keys(request), values)).toString(encoding);
  const windows = new Map<string, string[]>();
  for (const line of text === "" ? [] : text.split("\n")) {
    const [, window, kind, name, value] = KEY.exec(line) ?? expect.fail(line);
    const subject = `${kind} ${name} ${value}`;
    windows.set(subject, [...(windows.get(subject) ?? []), window!]);
  }
  return [...windows].map(([subject, all]) => `${subject} ${all.join(",")}`);
};
