import { isObject, type JsonObject } from "./yaml.ts";

export const LIMITER = "ai-token-ratelimit";
export const QUOTA = "ai-quota";

/** The plugins of this project, whose configurations can be checked. */
export const OWN_PLUGINS = [LIMITER, QUOTA] as const;
export type OwnPlugin = (typeof OWN_PLUGINS)[number];

/** Fields that tell the configurations of a plugin from those of the others. */
const FIELDS: readonly [plugin: OwnPlugin, fields: readonly string[]][] = [
  [LIMITER, ["rule_name", "rule_items", "global_threshold"]],
  [QUOTA, ["admin_consumer", "admin_path", "redis_key_prefix"]],
];

/** The plugin that a configuration is of, by its fields or those of its rules; `undefined` if they do not tell. */
export function ownerOf(config: JsonObject): OwnPlugin | undefined {
  const rules = Array.isArray(config._rules_) ? config._rules_.filter(isObject) : [];
  const scopes = [config, ...rules];
  return FIELDS.find(([, fields]) => scopes.some((scope) => fields.some((name) => name in scope)))?.[0];
}

/** The plugin that these labels name: names, images and files; `undefined` if they name none, or more than one. */
export function namedBy(labels: readonly string[]): OwnPlugin | undefined {
  const [named, ...others] = OWN_PLUGINS.filter((plugin) => labels.some((label) => label.includes(plugin)));
  return others.length > 0 ? undefined : named;
}
