import { ConfigError, isObject, type Json, type JsonObject } from "./yaml.ts";

const PLUGIN = "ai-token-ratelimit";

/** The fields of a matchRules entry, and the name each has in the plugin's configuration. */
const MATCH_FIELDS = [
  ["ingress", "_match_route_"],
  ["service", "_match_service_"],
  ["domain", "_match_domain_"],
  ["routePrefix", "_match_route_prefix_"],
] as const;

/**
 * The plugin configuration in a file's documents: the one WasmPlugin of this plugin (or the only one),
 * converted as Higress' controller does, or the single document that is the bare configuration.
 * @throws ConfigError if there is not exactly one, or if it has nothing to configure.
 */
export function pluginConfiguration(documents: readonly Json[], source: string): JsonObject {
  const manifests = documents.filter((document) => isObject(document) && document.kind === "WasmPlugin");
  if (manifests.length > 0) return fromManifest(selectManifest(manifests as JsonObject[], source), source);
  const [only, ...others] = documents.filter((document) => !isKubernetesObject(document));
  if (only === undefined) throw new ConfigError(`${source}: there is no configuration in it`);
  if (others.length > 0)
    throw new ConfigError(`${source}: ${others.length + 1} documents, none a WasmPlugin`);
  if (!isObject(only)) throw new ConfigError(`${source}: expected a mapping, got ${describe(only)}`);
  return only;
}

function isKubernetesObject(document: Json): boolean {
  return isObject(document) && "apiVersion" in document && "kind" in document;
}

function selectManifest(manifests: readonly JsonObject[], source: string): JsonObject {
  const ours = manifests.filter(isOurs);
  const candidates = ours.length > 0 ? ours : manifests;
  const [manifest, ...others] = candidates;
  if (manifest === undefined || others.length > 0)
    throw new ConfigError(`${source}: ${candidates.length} WasmPlugin documents to choose from; keep one`);
  return manifest;
}

function isOurs({ metadata, spec }: JsonObject): boolean {
  const name = isObject(metadata) ? metadata.name : undefined;
  const url = isObject(spec) ? spec.url : undefined;
  return [name, url].some((text) => typeof text === "string" && text.includes(PLUGIN));
}

/** `convertIstioWasmPlugin` of Higress' controller. */
function fromManifest({ spec }: JsonObject, source: string): JsonObject {
  if (!isObject(spec)) throw new ConfigError(`${source}: spec: expected a mapping, got ${describe(spec)}`);
  const { pluginConfig, defaultConfig, defaultConfigDisable, matchRules } = spec;
  if (isObject(pluginConfig)) return pluginConfig;
  const config = defaultConfigDisable === true ? {} : mapping(defaultConfig, source, "spec.defaultConfig");
  const rules = list(matchRules, source, "spec.matchRules").flatMap((rule, index) =>
    convertRule(rule, source, `spec.matchRules[${index}]`),
  );
  if (rules.length > 0) return { ...config, _rules_: rules };
  if (defaultConfigDisable === true)
    throw new ConfigError(`${source}: defaultConfigDisable is set and no rule of matchRules is active`);
  return config;
}

function convertRule(rule: Json, source: string, path: string): JsonObject[] {
  if (!isObject(rule)) throw new ConfigError(`${source}: ${path}: expected a mapping, got ${describe(rule)}`);
  if (rule.configDisable === true) return [];
  const matches = MATCH_FIELDS.flatMap(([field, key]): [string, Json][] => {
    const values = list(rule[field], source, `${path}.${field}`);
    return values.length > 0 ? [[key, values]] : [];
  });
  if (matches.length === 0)
    throw new ConfigError(
      `${source}: ${path}: needs one of ${MATCH_FIELDS.map(([field]) => field).join(", ")}`,
    );
  return [{ ...mapping(rule.config, source, `${path}.config`), ...Object.fromEntries(matches) }];
}

function mapping(value: Json | undefined, source: string, path: string): JsonObject {
  if (value === undefined || value === null) return {};
  if (!isObject(value))
    throw new ConfigError(`${source}: ${path}: expected a mapping, got ${describe(value)}`);
  return value;
}

function list(value: Json | undefined, source: string, path: string): Json[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value))
    throw new ConfigError(`${source}: ${path}: expected a list, got ${describe(value)}`);
  return value;
}

function describe(value: Json | undefined): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  return typeof value === "string" ? "text" : `a ${typeof value}`;
}
