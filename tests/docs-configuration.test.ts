// Contract: what a README says of its plugin's configuration is so: the table of fields, the example, the manifest.
// The sources of truth are each plugin's config.schema.json and the built filter.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { checkConfig } from "../gateway/src/index.ts";
import { PLUGINS } from "../scripts/plugins.mjs";

const root = resolve(import.meta.dirname, "..");
/** The fields of a limit have one row each, wherever limits are. */
const isOfLimit = (field: string): boolean =>
  /^(token|request)_per_/.test(field) || ["in_flight", "burst"].includes(field);
const read = (path: string): string => readFileSync(join(root, path), "utf8");

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  allOf?: Schema[];
  anyOf?: Schema[];
  default?: unknown;
  definitions?: Record<string, Schema>;
}

/** As published. */
const PRIORITIES: Record<string, number> = { "ai-token-ratelimit": 600, "ai-quota": 750 };

describe.each(PLUGINS)("$name", ({ name, folder }) => {
  const readme = read(join(folder, "README.md"));
  const schema = JSON.parse(read(join(folder, "config.schema.json"))) as Schema;

  /** Every field that may be configured, with its default. Lists are not told from what is in them. */
  function fieldsOf(node: Schema): Map<string, unknown> {
    const fields = new Map<string, unknown>();
    const resolved = (given: Schema): Schema =>
      given.$ref ? schema.definitions![given.$ref.split("/").at(-1)!]! : given;
    const visit = (given: Schema, path: string): void => {
      const target = resolved(given);
      for (const part of [...(target.allOf ?? []), ...(target.anyOf ?? [])]) visit(part, path);
      if (target.items) visit(target.items, path);
      for (const [field, child] of Object.entries(target.properties ?? {})) {
        const at = isOfLimit(field) || path === "" ? field : `${path}.${field}`;
        fields.set(at, resolved(child).default ?? fields.get(at));
        // A rule item's block has the fields of the configuration's, which are listed there.
        if (field !== "reservation" || path === "") visit(child, at);
      }
    };
    visit(node, "");
    return fields;
  }

  const table = new Map(
    [...readme.matchAll(/^\| `([^`]+)` \| [^|]+ \| ([^|]+) \| (?:[^|]|\\\|)+ \|$/gm)].map((match) => [
      match[1]!.replaceAll("[]", ""),
      match[2]!.trim(),
    ]),
  );

  describe("the README", () => {
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
  });

  describe("plugin.yaml", () => {
    const manifest = parse(read(join(folder, "plugin.yaml"))) as {
      metadata: { name: string };
      spec: { url: string; phase: string; priority: number; defaultConfig: object };
    };

    it("holds the README's example, in the phase and priority of the published plugin", () => {
      const [, example = ""] = /## Configuration\n\n```yaml\n([\s\S]*?)```/.exec(readme)!;
      expect(manifest.spec.defaultConfig).toEqual(parse(example));
      expect(manifest.spec).toMatchObject({ phase: "UNSPECIFIED_PHASE", priority: PRIORITIES[name] });
    });

    it("names the plugin, and the version of package.json", () => {
      const { version } = JSON.parse(read("package.json")) as { version: string };
      expect(manifest.metadata.name).toBe(name);
      expect(manifest.spec.url.endsWith(`/${name}:${version}`)).toBe(true);
    });

    it("is accepted by the filter without a warning", async () => {
      expect(await checkConfig(read(join(folder, "plugin.yaml")))).toEqual({
        isAccepted: true,
        problems: [],
      });
    });
  });
});
