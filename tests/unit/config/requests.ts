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
/** What matches a request of these headers and properties. */
export const match = (request: Record<string, string>): string[] => {
  const found = config.match(Object.keys(request), Object.values(request).map(utf8));
  const text = Buffer.from(found).toString("utf8");
  return text === "" ? [] : text.split("\n");
};
