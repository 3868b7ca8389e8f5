import { configurationOf, wasmFilters, type WasmFilter } from "./envoy.ts";
import { convertManifest, toManifestPath, toManifestWords } from "./manifest.ts";
import type { Path, Problems } from "./problem.ts";
import { describe, isObject, type Json, type JsonObject } from "./yaml.ts";

/** A configuration of the filter, found in a document. */
export interface Extract {
  /** What it stands in. */
  readonly kind: "configuration" | "WasmPlugin" | "Envoy";
  /** The WasmPlugin, if it stands in one. */
  readonly manifest: JsonObject | null;
  /** Whether it says itself that it is of this filter. */
  readonly isNamed: boolean;
  /** JSON text, or a value that becomes one. */
  readonly config: string | JsonObject;
  /** Where it begins in the document. */
  readonly root: Path;
  /** The place in the document of a place in it. */
  readonly toDocument: (path: Path) => Path;
  /** A message of the filter in words of the document. */
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

const PLUGIN = "ai-token-ratelimit";
const QUOTA = "ai-quota";
const QUOTA_FIELDS = ["admin_consumer", "admin_path", "redis_key_prefix"];
const OWN_FIELDS = ["rule_name", "rule_items", "global_threshold", "_rules_"];
const QUOTA_MESSAGE = `is a configuration of ${QUOTA}, which is another plugin; it was not checked`;

/**
 * Finds the configurations of this filter in a document: a bare one, those of WasmPlugins of Higress and Istio, and those in
 * configurations of Envoy (bootstraps, resources, EnvoyFilters).
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
  if (isQuota(document)) {
    problems.error(path, QUOTA_MESSAGE);
    return NOTHING;
  }
  return { extracts: [bare(document, path)], notes: [] };
}

const NOTHING: Extraction = { extracts: [], notes: [] };
const AS_IS = (message: string): string => message;

function bare(config: JsonObject, path: Path): Extract {
  const toDocument = (inner: Path): Path => [...path, ...inner];
  return {
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
  const labels = labelsOf(manifest);
  const isOurs = labels.some((label) => label.includes(PLUGIN));
  if (!isOurs && labels.some((label) => label.includes(QUOTA))) {
    return { extracts: [], notes: [{ path, message: QUOTA_MESSAGE }] };
  }
  if (!isOurs && !configsIn(manifest).some((config) => OWN_FIELDS.some((name) => name in config))) {
    return {
      extracts: [],
      notes: [{ path, message: "is the WasmPlugin of another plugin; it was not checked" }],
    };
  }
  if (configsIn(manifest).some(isQuota)) {
    problems.error([...path, "spec"], QUOTA_MESSAGE);
    return NOTHING;
  }
  const conversion = convertManifest(manifest, path, problems);
  if (conversion === null) return NOTHING;
  const extract: Extract = {
    kind: "WasmPlugin",
    manifest,
    isNamed: isOurs,
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
  const ours = filters.filter(({ labels }) => labels.some((label) => label.includes(PLUGIN)));
  const taken = ours.length > 0 || filters.length > 1 ? ours : filters;
  if (taken.length === 0) {
    problems.error(path, `has no Wasm filter called ${PLUGIN}`);
    return NOTHING;
  }
  const extracts = taken.flatMap((filter): Extract[] => {
    const found = configurationOf(filter, problems);
    if (found === null) return [];
    const value = typeof found.value === "string" ? parsed(found.value) : found.value;
    if (isObject(value) && isQuota(value)) {
      problems.error(found.path, QUOTA_MESSAGE);
      return [];
    }
    const toDocument = (inner: Path): Path => [...found.path, ...inner];
    const isNamed = ours.length > 0;
    return [
      {
        kind: "Envoy",
        manifest: null,
        isNamed,
        config: found.value,
        root: found.path,
        toDocument,
        toWords: AS_IS,
        isVerbatim: found.isVerbatim,
      },
    ];
  });
  return { extracts, notes: [] };
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}

/** Whether a configuration is one of ai-quota, as published. */
function isQuota(config: JsonObject): boolean {
  return QUOTA_FIELDS.some((name) => name in config) && !OWN_FIELDS.some((name) => name in config);
}
