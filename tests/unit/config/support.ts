// What the tests of the configuration share: the harness, the fixtures, and configurations to change.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse as parseYaml } from "yaml";
import { loadHarness } from "../../support/as.ts";

interface Harness {
  parse(text: ArrayBuffer, sharesConnections: boolean): string[];
  describe(): string;
  dump(index: number): string;
  integer(text: string): string;
  nearest(name: string, known: string[]): string;
  match(names: string[], values: ArrayBuffer[]): ArrayBuffer;
  select(host: string, route: string, cluster: string): string;
}
export const config = await loadHarness<Harness>("tests/unit/config/config.harness.ts");

export const utf8 = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer as ArrayBuffer;
/** @param sharesConnections as Higress does */
export const parse = (value: unknown, sharesConnections = true): string[] =>
  config.parse(utf8(typeof value === "string" ? value : JSON.stringify(value)), sharesConnections);

const fixtures = join(import.meta.dirname, "../../fixtures/config");
export const fixture = (name: string): string => readFileSync(join(fixtures, name), "utf8");
export const names = (folder: string): string[] =>
  readdirSync(join(fixtures, folder)).map((name) => `${folder}/${name}`);
/** As Higress does with the YAML of a WasmPlugin. */
export const json = (yaml: string): string => JSON.stringify(parseYaml(yaml));

export const redis = { service_name: "redis.static" };
export const global = { rule_name: "r", global_threshold: { token_per_minute: 10 }, redis };
export const items = (...list: unknown[]): object => ({ rule_name: "r", rule_items: list, redis });
export const header = (key: unknown): object => ({
  limit_by_header: "x",
  limit_keys: [{ key, token_per_minute: 1 }],
});
