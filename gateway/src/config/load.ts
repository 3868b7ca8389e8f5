import { readFile } from "node:fs/promises";
import { pluginConfiguration } from "./manifest.ts";
import { ConfigError, isObject, parseYaml, stringify, type Json, type JsonObject } from "./yaml.ts";

/** A plugin configuration: YAML text (a WasmPlugin manifest or the bare configuration), or either as an object. */
export type ConfigInput = string | object;

export interface RedisService {
  readonly name: string;
  readonly port: number;
}

/**
 * The JSON text that the filter gets.
 * @throws ConfigError
 */
export function toPluginJson(input: ConfigInput, source = "configuration"): string {
  const documents = typeof input === "string" ? parseYaml(input, source) : [input as Json];
  return stringify(pluginConfiguration(documents, source));
}

/**
 * Reads a configuration file and gives its text.
 * @throws ConfigError if there is no such file or it cannot be read.
 */
export async function readConfigFile(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(code === "ENOENT" ? `${path}: no such file` : `${path}: cannot be read (${code})`);
  }
}

/** The Redis services that a plugin configuration names, those of its rules included, each once. */
export function redisServices(pluginJson: string): RedisService[] {
  const config = JSON.parse(pluginJson) as JsonObject;
  const rules = Array.isArray(config._rules_) ? config._rules_ : [];
  const services = new Map<string, RedisService>();
  for (const scope of [config, ...rules]) {
    if (!isObject(scope) || !isObject(scope.redis) || typeof scope.redis.service_name !== "string") continue;
    const name = scope.redis.service_name;
    // The filter's own defaults.
    const port = Number(scope.redis.service_port) || (name.endsWith(".static") ? 80 : 6379);
    services.set(`${name}:${port}`, { name, port });
  }
  return [...services.values()];
}
