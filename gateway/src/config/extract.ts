import { configurationOf, wasmFilters, type WasmFilter } from "./envoy.ts";
import { convertManifest, toManifestPath, toManifestWords } from "./manifest.ts";
import { LIMITER, namedBy, OWN_PLUGINS, ownerOf, type OwnPlugin } from "./own-plugins.ts";
import type { Path, Problems } from "./problem.ts";
import { describe, isObject, type Json, type JsonObject } from "./yaml.ts";

/** A configuration of a plugin of this project, found in a document. */
export interface Extract {
  readonly plugin: OwnPlugin;
  /** What it stands in. */
  readonly kind: "configuration" | "WasmPlugin" | "Envoy";
  /** The WasmPlugin, if it stands in one. */
  readonly manifest: JsonObject | null;
  /** Whether it says itself which plugin it is of. */
  readonly isNamed: boolean;
  /** JSON text, or a value that becomes one. */
  readonly config: string | JsonObject;
  /** Where it begins in the document. */
  readonly root: Path;
  /** The place in the document of a place in it. */
  readonly toDocument: (path: Path) => Path;
  /** A message of the plugin in words of the document. */
  readonly toWords: (message: string) => string;
  /** Whether `config`, being text, stands in the document as it is. */
  readonly isVerbatim: boolean;
}

/** What one document holds. */
export interface Extraction {
  readonly extracts: readonly Extract[];
  /** What was seen and left alone, such as the manifest of another plugin. */
  readonly notes: readonly { path: Path; message: string }[];
}

/**
 * Finds the configurations of this project's plugins in a document: a bare one, those of WasmPlugins of Higress and Istio, and
 * those in configurations of Envoy (bootstraps, resources, EnvoyFilters).
 */
export function extract(document: Json, problems: Problems): Extraction {
  if (isObject(document) && document.kind === "List" && Array.isArray(document.items)) {
    const items = document.items.map((item, index) => extractOne(item, ["items", index], problems));
    return {
      extracts: items.flatMap(({ extracts }) => extracts),
      notes: items.flatMap(({ notes }) => notes),
    };
  }
  return extractOne(document, [], problems);
}

/** Whether a document is something else of Kubernetes, which nobody would take for a configuration. */
export function isUnrelated(document: Json): boolean {
  if (!isObject(document) || !("apiVersion" in document) || !("kind" in document)) return false;
  return document.kind !== "WasmPlugin" && document.kind !== "List" && wasmFilters(document).length === 0;
}

function extractOne(document: Json, path: Path, problems: Problems): Extraction {
  if (!isObject(document)) {
    problems.error(path, `expected a mapping, got ${describe(document)}`);
    return NOTHING;
  }
  if (document.kind === "WasmPlugin") return fromManifest(document, path, problems);
  const filters = wasmFilters(document, path);
  if (filters.length > 0 || "static_resources" in document) return fromEnvoy(filters, path, problems);
  if (isUnrelated(document)) return NOTHING;
  return { extracts: [bare(document, path)], notes: [] };
}

const NOTHING: Extraction = { extracts: [], notes: [] };
const AS_IS = (message: string): string => message;

function bare(config: JsonObject, path: Path): Extract {
  const toDocument = (inner: Path): Path => [...path, ...inner];
  return {
    plugin: ownerOf(config) ?? LIMITER,
    kind: "configuration",
    manifest: null,
    isNamed: false,
    config,
    root: path,
    toDocument,
    toWords: AS_IS,
    isVerbatim: true,
  };
}

function fromManifest(manifest: JsonObject, path: Path, problems: Problems): Extraction {
  const named = namedBy(labelsOf(manifest));
  const owner = configsIn(manifest)
    .map(ownerOf)
    .find((plugin) => plugin !== undefined);
  const plugin = named ?? owner;
  if (plugin === undefined) {
    return {
      extracts: [],
      notes: [{ path, message: "is the WasmPlugin of another plugin; it was not checked" }],
    };
  }
  if (owner !== undefined && owner !== plugin) {
    problems.error([...path, "spec"], mixedUp(plugin, owner));
    return NOTHING;
  }
  const conversion = convertManifest(manifest, path, problems);
  if (conversion === null) return NOTHING;
  const extract: Extract = {
    plugin,
    kind: "WasmPlugin",
    manifest,
    isNamed: named !== undefined,
    config: conversion.config,
    root: conversion.root,
    toDocument: (inner) => toManifestPath(conversion, inner),
    toWords: toManifestWords,
    isVerbatim: true,
  };
  return { extracts: [extract], notes: [] };
}

function labelsOf({ metadata, spec }: JsonObject): string[] {
  const name = isObject(metadata) ? metadata.name : undefined;
  const url = isObject(spec) ? spec.url : undefined;
  return [name, url].filter((label) => typeof label === "string");
}

/** Every configuration in a WasmPlugin. */
function configsIn({ spec }: JsonObject): JsonObject[] {
  if (!isObject(spec)) return [];
  const rules = Array.isArray(spec.matchRules) ? spec.matchRules : [];
  const configs = [
    spec.defaultConfig,
    spec.pluginConfig,
    ...rules.map((rule) => (isObject(rule) ? rule.config : null)),
  ];
  return configs.filter(isObject);
}

function fromEnvoy(filters: readonly WasmFilter[], path: Path, problems: Problems): Extraction {
  const named = filters.filter(({ labels }) => namedBy(labels) !== undefined);
  const taken = named.length > 0 || filters.length > 1 ? named : filters;
  if (taken.length === 0) {
    problems.error(path, `has no Wasm filter called ${OWN_PLUGINS.join(" or ")}`);
    return NOTHING;
  }
  return { extracts: taken.flatMap((filter) => fromFilter(filter, problems)), notes: [] };
}

function fromFilter(filter: WasmFilter, problems: Problems): Extract[] {
  const found = configurationOf(filter, problems);
  if (found === null) return [];
  const named = namedBy(filter.labels);
  const value = typeof found.value === "string" ? parsed(found.value) : found.value;
  const owner = isObject(value) ? ownerOf(value) : undefined;
  const plugin = named ?? owner ?? LIMITER;
  if (owner !== undefined && owner !== plugin) {
    problems.error(found.path, mixedUp(plugin, owner));
    return [];
  }
  return [
    {
      plugin,
      kind: "Envoy",
      manifest: null,
      isNamed: named !== undefined,
      config: found.value,
      root: found.path,
      toDocument: (inner) => [...found.path, ...inner],
      toWords: AS_IS,
      isVerbatim: found.isVerbatim,
    },
  ];
}

function mixedUp(named: OwnPlugin, owner: OwnPlugin): string {
  return `is called ${named}, and has a configuration of ${owner}`;
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}
