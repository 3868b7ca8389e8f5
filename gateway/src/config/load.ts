import { readFile } from "node:fs/promises";
import { parseSource, unrepresentable } from "./document.ts";
import { extract, isUnrelated, type Extract } from "./extract.ts";
import { LIMITER } from "./own-plugins.ts";
import { formatPath, Problems } from "./problem.ts";
import { ConfigError, isObject, stringify, type Json, type JsonObject } from "./yaml.ts";

/**
 * A plugin configuration: YAML text (a WasmPlugin manifest, a configuration of Envoy, or the bare configuration), or one of
 * these as an object.
 */
export type ConfigInput = string | object;

export interface RedisService {
  readonly name: string;
  readonly port: number;
}

/**
 * The JSON text that the rate limiter gets, and the WasmPlugin that it comes from, if it does.
 * @throws ConfigError with the first mistake, or if there is not exactly one configuration.
 */
export function readConfiguration(
  input: ConfigInput,
  source = "configuration",
): { json: string; manifest: JsonObject | null } {
  const documents = typeof input === "string" ? valuesIn(input, source) : [input as Json];
  const manifests = documents.filter((document) => isObject(document) && document.kind === "WasmPlugin");
  // Beside a manifest, nobody means anything else.
  const candidates =
    manifests.length > 0 ? manifests : documents.filter((document) => !isUnrelated(document));
  const problems = new Problems();
  const found = candidates.flatMap((document) => extract(document, problems).extracts);
  const extracts = found.filter(({ plugin }) => plugin === LIMITER);
  const { config, manifest } = only(extracts, manifests.length > 0, source, problems);
  if (typeof config === "string") return { json: config, manifest };
  for (const path of unrepresentable(config)) problems.error(path, "is not a number in JSON");
  failAtError(problems, source);
  return { json: stringify(config), manifest };
}

/** The JSON text alone. @throws ConfigError as `readConfiguration` */
export function toPluginJson(input: ConfigInput, source?: string): string {
  return readConfiguration(input, source).json;
}

function valuesIn(text: string, source: string): Json[] {
  const { documents, problems } = parseSource(text);
  for (const { severity, position, message } of problems) {
    if (severity !== "error") continue;
    const where = position === undefined ? source : `${source}:${position.line}:${position.column}`;
    throw new ConfigError(`${where}: ${message}`);
  }
  return documents.map(({ value }) => value);
}

function only(extracts: Extract[], areManifests: boolean, source: string, problems: Problems): Extract {
  const named = extracts.filter(({ isNamed }) => isNamed);
  const [found, ...others] = named.length > 0 ? named : extracts;
  failAtError(problems, source);
  if (found === undefined) throw new ConfigError(`${source}: there is no configuration of ${LIMITER} in it`);
  if (others.length === 0) return found;
  const count = others.length + 1;
  const what = areManifests
    ? "WasmPlugin documents to choose from; keep one"
    : "documents, none a WasmPlugin";
  throw new ConfigError(`${source}: ${count} ${what}`);
}

function failAtError(problems: Problems, source: string): void {
  const first = problems.list.find(({ severity }) => severity === "error");
  if (first === undefined) return;
  const path = first.path.length === 0 ? "" : `${formatPath(first.path)}: `;
  throw new ConfigError(`${source}: ${path}${first.message}`);
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

/** The Redis services that configurations of plugins (JSON texts) name, those of their rules included, each once. */
export function redisServices(pluginJsons: readonly string[]): RedisService[] {
  const configs = pluginJsons.map((json) => JSON.parse(json) as JsonObject);
  const scopes = configs.flatMap((config) => [
    config,
    ...(Array.isArray(config._rules_) ? config._rules_ : []),
  ]);
  const services = new Map<string, RedisService>();
  for (const scope of scopes) {
    if (!isObject(scope) || !isObject(scope.redis) || typeof scope.redis.service_name !== "string") continue;
    const name = scope.redis.service_name;
    // The plugins' own defaults.
    const port = Number(scope.redis.service_port) || (name.endsWith(".static") ? 80 : 6379);
    services.set(`${name}:${port}`, { name, port });
  }
  return [...services.values()];
}
