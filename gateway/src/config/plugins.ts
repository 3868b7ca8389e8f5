import { parseSource, unrepresentable, type SourceDocument } from "./document.ts";
import { readConfiguration, type ConfigInput } from "./load.ts";
import { convertManifest } from "./manifest.ts";
import { LIMITER } from "./own-plugins.ts";
import { formatPath, Problems } from "./problem.ts";
import { ConfigError, isObject, stringify, type Json, type JsonObject } from "./yaml.ts";

/** A plugin, as its WasmPlugin describes it. */
export interface PluginSpec {
  /** `metadata.name`. */
  readonly name: string;
  /** What its module can be found by: its name, `spec.pluginName`, the image in its URL, the URL. */
  readonly aliases: readonly string[];
  /** `spec.pluginName`, which picks one of several plugins in a module. */
  readonly rootId: string;
  readonly phase: Phase;
  readonly priority: number;
  /** JSON text; `matchRules` are in it as `_rules_`. */
  readonly configuration: string;
}

/** In the order in which Istio, and so Higress, runs them. */
const PHASES = ["AUTHN", "AUTHZ", "STATS", "UNSPECIFIED_PHASE"] as const;
type Phase = (typeof PHASES)[number];

/** Of the limiter as published, for a configuration without a manifest. */
const LIMITER_PRIORITY = 600;

/**
 * Every WasmPlugin in a text of one or several documents, or the one that an object is.
 * @throws ConfigError with every mistake, a line each, or if there is none
 */
export function pluginsIn(input: ConfigInput, source: string): PluginSpec[] {
  const problems: string[] = [];
  const plugins = documentsIn(input, source, problems).flatMap((document) => {
    const found = new Problems();
    const spec = pluginIn(document.value, found);
    problems.push(...errorsOf(found, document, source));
    return spec ?? [];
  });
  if (problems.length > 0) throw new ConfigError(problems.join("\n"));
  if (plugins.length === 0) throw new ConfigError(`${source}: there is no WasmPlugin in it`);
  return plugins;
}

/** The rate limiter with any configuration that it takes. @throws ConfigError as `readConfiguration` */
export function limiterIn(input: ConfigInput): PluginSpec {
  const { json, manifest } = readConfiguration(input);
  const spec = manifest === null ? { priority: LIMITER_PRIORITY } : objectIn(manifest, "spec");
  return { name: LIMITER, aliases: [LIMITER], rootId: "", configuration: json, ...orderOf(spec) };
}

/** Sorts plugins as the host does: by phase, then by falling priority, then by name. */
export function inChainOrder(plugins: readonly PluginSpec[]): PluginSpec[] {
  return plugins.toSorted(
    (a, b) =>
      PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase) ||
      b.priority - a.priority ||
      (a.name < b.name ? -1 : Number(a.name > b.name)),
  );
}

type Located = Pick<SourceDocument, "value" | "position">;

function documentsIn(input: ConfigInput, source: string, problems: string[]): Located[] {
  if (typeof input !== "string") return [{ value: input as Json, position: () => undefined }];
  const { documents, problems: mistakes } = parseSource(input);
  for (const { severity, position, message } of mistakes)
    if (severity === "error") problems.push(`${placed(source, position)}: ${message}`);
  return documents;
}

/** `null` for what is no WasmPlugin, and for one with nothing to configure. */
function pluginIn(document: Json, problems: Problems): PluginSpec | null {
  if (!isObject(document) || document.kind !== "WasmPlugin") return null;
  const conversion = convertManifest(document, [], problems);
  if (conversion === null) return null;
  for (const path of unrepresentable(conversion.config)) problems.error(path, "is not a number in JSON");
  const spec = objectIn(document, "spec");
  const name = textIn(objectIn(document, "metadata"), "name");
  if (name === "") problems.error(["metadata", "name"], "is missing");
  const [pluginName, url] = [textIn(spec, "pluginName"), textIn(spec, "url")];
  const aliases = [name, pluginName, imageOf(url), url].filter((alias) => alias !== "");
  return { name, aliases, rootId: pluginName, configuration: stringify(conversion.config), ...orderOf(spec) };
}

function orderOf({ phase, priority }: JsonObject): Pick<PluginSpec, "phase" | "priority"> {
  return {
    phase: PHASES.find((known) => known === phase) ?? "UNSPECIFIED_PHASE",
    priority: Number(priority ?? 0),
  };
}

/** `key-auth` of `oci://registry.example.com/plugins/key-auth:1.0.0`. */
function imageOf(url: string): string {
  const last = url.split("/").at(-1) ?? "";
  return last.replace(/[@:].*$/, "").replace(/\.wasm$/, "");
}

function errorsOf(problems: Problems, document: Located, source: string): string[] {
  return problems.list
    .filter(({ severity }) => severity === "error")
    .map(({ path, message, isAboutName = false }) => {
      const where = path.length === 0 ? "" : `${formatPath(path)}: `;
      return `${placed(source, document.position(path, isAboutName))}: ${where}${message}`;
    });
}

function placed(source: string, position: { line: number; column: number } | undefined): string {
  return position === undefined ? source : `${source}:${position.line}:${position.column}`;
}

function objectIn(object: JsonObject, field: string): JsonObject {
  const value = object[field];
  return isObject(value) ? value : {};
}

function textIn(object: JsonObject, field: string): string {
  const value = object[field];
  return typeof value === "string" ? value : "";
}
