// Contract: what the documents say is so: the configuration table, the manifest, the paths they name, the scene.
// The sources of truth are config.schema.json, the built filter, the tree and `make demo`.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { checkConfig } from "../gateway/src/index.ts";
import { figures, figuresIn } from "../tools/bench/readme.ts";
import type { Report } from "../tools/bench/report.ts";

const root = resolve(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(resolve(root, path), "utf8");
const readme = read("README.md");

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  allOf?: Schema[];
  anyOf?: Schema[];
  default?: unknown;
  definitions?: Record<string, Schema>;
}

const schema = JSON.parse(read("config.schema.json")) as Schema;

/** Every field that may be configured, with its default. Lists are not told from what is in them. */
function fieldsOf(node: Schema, prefix = ""): Map<string, unknown> {
  const fields = new Map<string, unknown>();
  const visit = (given: Schema, path: string): void => {
    const target = given.$ref ? schema.definitions![given.$ref.split("/").at(-1)!]! : given;
    for (const part of [...(target.allOf ?? []), ...(target.anyOf ?? [])]) visit(part, path);
    if (target.items) visit(target.items, path);
    for (const [name, child] of Object.entries(target.properties ?? {})) {
      const name_ = name.startsWith("token_per_") ? name : path === "" ? name : `${path}.${name}`;
      const resolved = child.$ref ? schema.definitions![child.$ref.split("/").at(-1)!]! : child;
      fields.set(name_, resolved.default ?? fields.get(name_));
      visit(child, name_);
    }
  };
  visit(node, prefix);
  return fields;
}

describe.each(["README.md", "README_zh.md"])("%s", (file) => {
  it("has the figures of the run that is published", () => {
    const report = JSON.parse(read("docs/bench/bench.json")) as Required<Report>;
    expect(figuresIn(read(file))).toBe(figures(report));
  });
});

describe("README.md", () => {
  const table = new Map(
    [...readme.matchAll(/^\| `([^`]+)` \| [^|]+ \| ([^|]+) \|/gm)].map((match) => [
      match[1]!.replaceAll("[]", ""),
      match[2]!.trim(),
    ]),
  );

  it("lists exactly the fields of the schema", () => {
    const { _rules_, _plugin_id_, ...properties } = schema.properties!;
    expect([_rules_, _plugin_id_]).not.toContain(undefined);
    // An object that only groups fields has no row of its own.
    const fields = [...fieldsOf({ properties }).keys()].filter((field) => field !== "redis");
    expect([...table.keys()].sort()).toEqual(fields.sort());
  });

  it("gives the schema's defaults", () => {
    for (const [field, value] of fieldsOf(schema)) {
      if (value !== undefined && value !== "" && table.has(field))
        expect([field, table.get(field)]).toEqual([
          field,
          `\`${JSON.stringify(value).replaceAll('"', "")}\``,
        ]);
    }
    expect(table.get("redis.service_port")).toBe("`80` for `.static`, else `6379`");
  });

  it("shows the scene as `make demo` plays it", () => {
    const output = execFileSync("node", ["--import", "tsx", "tools/demo/main.ts"], {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1" },
    });
    const scene = /```\n(ai-token-ratelimit: [\s\S]*?)```/.exec(readme)![1]!;
    // Where it runs differs each time; so may a second when the machine is busy, and when a client leaves.
    const steady = (text: string): string[] =>
      text
        .split("\n")
        .map((line) =>
          line
            .trimEnd()
            .replace(/\b(59|60)( s)?$/, "60$2")
            .replace(/~\d+ .*/, "~"),
        )
        .filter((line) => line !== "" && !line.startsWith("  gateway "));
    expect(steady(output)).toEqual(steady(scene));
  });
});

describe("plugin.yaml", () => {
  const manifest = parse(read("plugin.yaml")) as {
    spec: { url: string; priority: number; defaultConfig: object };
  };

  it("holds the README's example, in the phase and priority of the published plugin", () => {
    const example = /```yaml\n(rule_name:[\s\S]*?)```/.exec(readme)![1]!;
    expect(manifest.spec.defaultConfig).toEqual(parse(example));
    expect(manifest.spec).toMatchObject({ phase: "UNSPECIFIED_PHASE", priority: 600 });
  });

  it("names the version of package.json", () => {
    const { version } = JSON.parse(read("package.json")) as { version: string };
    expect(manifest.spec.url).toMatch(new RegExp(`:${version.replaceAll(".", "\\.")}$`));
  });

  it("is accepted by the filter without a warning", async () => {
    expect(await checkConfig(read("plugin.yaml"))).toEqual({ isAccepted: true, problems: [] });
  });
});

describe.each(["README.md", "ARCHITECTURE.md"])("%s", (name) => {
  it("names only files that exist", () => {
    const named = [
      ...read(name).matchAll(/[`(\s]((?:[\w.-]+\/)+[\w.*-]*|[\w-]+\.(?:md|json|yaml))[`),:;]/g),
    ].map((match) => match[1]!);
    const missing = named.filter(
      (path) =>
        !path.includes("*") &&
        !path.startsWith("build/") &&
        !/^[\d./]+$/.test(path) &&
        ![path, `assembly/${path}`, `tests/${path}`].some((at) => existsSync(resolve(root, at))),
    );
    expect(named.length).toBeGreaterThan(2);
    expect(missing).toEqual([]);
  });
});
