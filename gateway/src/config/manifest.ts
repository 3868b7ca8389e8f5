import { checkFields, checkManifest, MATCH_RULE } from "./manifest-fields.ts";
import type { Path, Problems } from "./problem.ts";
import { describe, isObject, type Json, type JsonObject } from "./yaml.ts";

/** The fields of a matchRules entry, and the name each has in the plugin's configuration. */
const MATCH_FIELDS = [
  ["ingress", "_match_route_"],
  ["service", "_match_service_"],
  ["domain", "_match_domain_"],
  ["routePrefix", "_match_route_prefix_"],
] as const;

/** What a WasmPlugin gives its plugin, and where each part of it stands in the manifest. */
export interface Conversion {
  readonly config: JsonObject;
  /** Of the configuration outside of `_rules_`. */
  readonly root: Path;
  /** The place of each of `_rules_`. */
  readonly rules: readonly Path[];
}

/**
 * Converts a WasmPlugin as `convertIstioWasmPlugin` of Higress' controller does, with as much of it as makes sense.
 * @returns `null`, and an error, if there is nothing to configure
 */
export function convertManifest(manifest: JsonObject, path: Path, problems: Problems): Conversion | null {
  checkManifest(manifest, path, problems);
  const specPath: Path = [...path, "spec"];
  const { spec } = manifest;
  if (!isObject(spec)) {
    if (spec === undefined || spec === null)
      problems.error(specPath, `expected a mapping, got ${describe(spec)}`);
    return null;
  }
  const { pluginConfig, defaultConfig, defaultConfigDisable, matchRules } = spec;
  if (isObject(pluginConfig)) {
    for (const name of ["defaultConfig", "matchRules"]) {
      if (name in spec) problems.name("warning", [...specPath, name], "does nothing beside pluginConfig");
    }
    return { config: pluginConfig, root: [...specPath, "pluginConfig"], rules: [] };
  }
  const config = defaultConfigDisable !== true && isObject(defaultConfig) ? defaultConfig : {};
  const converted = (Array.isArray(matchRules) ? matchRules : []).flatMap((rule, index) => {
    const at: Path = [...specPath, "matchRules", index];
    const active = convertRule(rule, at, problems);
    return active === null ? [] : [{ rule: active, at }];
  });
  const conversion = { root: [...specPath, "defaultConfig"], rules: converted.map(({ at }) => at) };
  if (converted.length > 0) {
    return { ...conversion, config: { ...config, _rules_: converted.map(({ rule }) => rule) } };
  }
  if (defaultConfigDisable === true) {
    problems.error(specPath, "defaultConfigDisable is set and no rule of matchRules is active");
    return null;
  }
  return { ...conversion, config };
}

/** The rule as one of `_rules_`; `null` if it is disabled, or cannot be one. */
function convertRule(rule: Json, path: Path, problems: Problems): JsonObject | null {
  if (!isObject(rule)) {
    problems.error(path, `expected a mapping, got ${describe(rule)}`);
    return null;
  }
  checkFields(rule, path, MATCH_RULE, problems);
  if (rule.configDisable === true) return null;
  const matches = MATCH_FIELDS.flatMap(([field, key]): [string, Json][] => {
    const values = rule[field];
    return Array.isArray(values) && values.length > 0 ? [[key, values]] : [];
  });
  const isBroken = MATCH_FIELDS.some(([field]) => rule[field] !== undefined && !Array.isArray(rule[field]));
  if (matches.length === 0 && !isBroken) {
    problems.error(path, `needs one of ${MATCH_FIELDS.map(([field]) => field).join(", ")}`);
  }
  // What the rule would match is not known; its configuration is read all the same.
  if (matches.length === 0) matches.push(["_match_route_", ["?"]]);
  const config = isObject(rule.config) ? rule.config : {};
  return { ...config, ...Object.fromEntries(matches) };
}

/** The place in the manifest of a place in the plugin's configuration. */
export function toManifestPath({ root, rules }: Conversion, path: Path): Path {
  const [first, index, ...rest] = path;
  const rule = first === "_rules_" && typeof index === "number" ? rules[index] : undefined;
  if (rule === undefined) return [...root, ...path];
  const match = MATCH_FIELDS.find(([, key]) => key === rest[0]);
  return match === undefined ? [...rule, "config", ...rest] : [...rule, match[0], ...rest.slice(1)];
}

/** A message of the filter with the names that the manifest has. */
export function toManifestWords(message: string): string {
  return message.replace(
    /_match_\w+_(?!\w)/g,
    (key) => MATCH_FIELDS.find(([, name]) => name === key)?.[0] ?? key,
  );
}
