import type { Path, Problems } from "./problem.ts";
import { describe, isObject, type Json, type JsonObject } from "./yaml.ts";

/** A Wasm filter in a configuration of Envoy. */
export interface WasmFilter {
  /** What says which module it is: names, and where its code is. */
  readonly labels: readonly string[];
  /** Envoy's PluginConfig, and its place. */
  readonly plugin: JsonObject;
  readonly path: Path;
}

/** What a Wasm filter hands to its plugin. */
export interface PluginConfiguration {
  /** Text as it is, or a mapping that becomes JSON. */
  readonly value: string | JsonObject;
  readonly path: Path;
  /** Whether the text is what stands there, and not an encoding of it. */
  readonly isVerbatim: boolean;
}

const WASM = /envoy\.extensions\.filters\.http\.wasm\.v3\.Wasm$/;
const TYPED_STRUCT = /(udpa|xds)\.type\.v[13]\.TypedStruct$/;
/** Deeper than any configuration of Envoy. */
const MAX_DEPTH = 200;

/** Every Wasm HTTP filter in a bootstrap, a resource or an EnvoyFilter, wherever it stands. */
export function wasmFilters(value: Json, path: Path = []): WasmFilter[] {
  if (path.length > MAX_DEPTH) return [];
  if (Array.isArray(value)) return value.flatMap((item, index) => wasmFilters(item, [...path, index]));
  if (!isObject(value)) return [];
  const type = text(value["@type"]);
  if (WASM.test(type)) return filterIn(value, path);
  if (TYPED_STRUCT.test(type) && WASM.test(text(value.type_url ?? value.typeUrl ?? null))) {
    return isObject(value.value) ? filterIn(value.value, [...path, "value"]) : [];
  }
  return Object.entries(value).flatMap(([name, field]) => wasmFilters(field, [...path, name]));
}

function filterIn({ config }: JsonObject, path: Path): WasmFilter[] {
  if (!isObject(config)) return [];
  const vm = object(config.vm_config ?? config.vmConfig);
  const code = object(vm.code);
  const remote = object(code.remote);
  const uri = object(remote.http_uri ?? remote.httpUri).uri;
  const labels = [config.name, config.root_id ?? config.rootId, object(code.local).filename, uri];
  return [{ labels: labels.map((label) => text(label ?? null)), plugin: config, path: [...path, "config"] }];
}

/** The configuration that a filter hands to its plugin; `null`, and an error, if it is none that a plugin can read. */
export function configurationOf(
  { plugin, path }: WasmFilter,
  problems: Problems,
): PluginConfiguration | null {
  const any = plugin.configuration;
  const at: Path = [...path, "configuration"];
  const expected = "google.protobuf.StringValue with the JSON text of the configuration";
  if (!isObject(any)) {
    problems.error(at, `expected a ${expected}, got ${describe(any)}`);
    return typeof any === "string" ? { value: any, path: at, isVerbatim: true } : null;
  }
  const inner: Path = [...at, "value"];
  const { value } = any;
  const type = text(any["@type"]).replace(/^.*\//, "");
  switch (type) {
    case "google.protobuf.StringValue":
      if (typeof value === "string") return { value, path: inner, isVerbatim: true };
      break;
    case "google.protobuf.BytesValue":
      if (typeof value === "string") {
        return { value: Buffer.from(value, "base64").toString("utf8"), path: inner, isVerbatim: false };
      }
      break;
    case "google.protobuf.Struct":
    case "udpa.type.v1.TypedStruct":
    case "xds.type.v3.TypedStruct":
      problems.warning(at, `is a ${type}, whose numbers Envoy turns into floating point; use a ${expected}`);
      if (isObject(value)) return { value, path: inner, isVerbatim: true };
      break;
    case "":
      problems.error([...at, "@type"], `is missing; a ${expected} is expected`);
      return { value: any, path: at, isVerbatim: true };
    default:
      problems.error([...at, "@type"], `is nothing that a plugin can read; a ${expected} is expected`);
      return isObject(value) || typeof value === "string" ? { value, path: inner, isVerbatim: true } : null;
  }
  const shape = type.endsWith("Struct") ? "a mapping" : "text";
  problems.error(inner, `expected ${shape}, got ${describe(value)}`);
  return isObject(value) ? { value, path: inner, isVerbatim: true } : null;
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

function object(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}
