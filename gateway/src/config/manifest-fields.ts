import { nearest } from "./nearest.ts";
import type { Path, Problems } from "./problem.ts";
import { describe, isObject, type Json, type JsonObject } from "./yaml.ts";

/** What a field holds: a kind of value, or one of some words. */
type Kind = "text" | "number" | "flag" | "list" | "mapping" | "any" | readonly string[];
export type Fields = Readonly<Record<string, Kind>>;

const OBJECT: Fields = {
  apiVersion: "text",
  kind: "text",
  metadata: "mapping",
  spec: "mapping",
  status: "any",
};

// Kubernetes: ObjectMeta of meta/v1.
const METADATA: Fields = {
  name: "text",
  generateName: "text",
  namespace: "text",
  labels: "mapping",
  annotations: "mapping",
  finalizers: "list",
  ownerReferences: "list",
  uid: "text",
  resourceVersion: "text",
  generation: "number",
  creationTimestamp: "any",
  deletionTimestamp: "any",
  deletionGracePeriodSeconds: "number",
  managedFields: "list",
  selfLink: "text",
};

const COMMON: Fields = {
  url: "text",
  sha256: "text",
  imagePullPolicy: ["UNSPECIFIED_POLICY", "IfNotPresent", "Always"],
  imagePullSecret: "text",
  verificationKey: "text",
  pluginConfig: "mapping",
  pluginName: "text",
  phase: ["UNSPECIFIED_PHASE", "AUTHN", "AUTHZ", "STATS"],
  priority: "number",
  vmConfig: "mapping",
};

/** Higress: api/extensions/v1alpha1/wasmplugin.proto. */
const HIGRESS: Fields = {
  ...COMMON,
  failStrategy: ["FAIL_CLOSE", "FAIL_OPEN"],
  defaultConfig: "mapping",
  defaultConfigDisable: "flag",
  matchRules: "list",
};

export const MATCH_RULE: Fields = {
  ingress: "list",
  domain: "list",
  service: "list",
  routePrefix: "list",
  config: "mapping",
  configDisable: "flag",
};

/** Istio: extensions/v1alpha1/wasm.proto. */
const ISTIO: Fields = {
  ...COMMON,
  failStrategy: ["FAIL_CLOSE", "FAIL_OPEN", "FAIL_RELOAD"],
  selector: "mapping",
  targetRef: "mapping",
  targetRefs: "list",
  match: "list",
  type: ["UNSPECIFIED_PLUGIN_TYPE", "HTTP", "NETWORK"],
};

const BY_VERSION: Readonly<
  Record<string, { fields: Fields; owner: string; other: Fields; otherOwner: string }>
> = {
  "extensions.higress.io/v1alpha1": { fields: HIGRESS, owner: "Higress", other: ISTIO, otherOwner: "Istio" },
  "extensions.istio.io/v1alpha1": { fields: ISTIO, owner: "Istio", other: HIGRESS, otherOwner: "Higress" },
};

/** Looks at everything of a WasmPlugin but the configurations in it. */
export function checkManifest(manifest: JsonObject, path: Path, problems: Problems): void {
  checkFields(manifest, path, OBJECT, problems);
  if (isObject(manifest.metadata)) checkFields(manifest.metadata, [...path, "metadata"], METADATA, problems);
  const versions = Object.keys(BY_VERSION);
  const version = own(BY_VERSION, manifest.apiVersion);
  if (version === undefined) {
    const what = manifest.apiVersion === undefined ? "is missing" : "is unknown";
    problems.error([...path, "apiVersion"], `${what}; a WasmPlugin has ${versions.join(" or ")}`);
    return;
  }
  if (!isObject(manifest.spec)) return;
  const spec: Path = [...path, "spec"];
  const foreign = Object.keys(manifest.spec).filter(
    (name) => !Object.hasOwn(version.fields, name) && Object.hasOwn(version.other, name),
  );
  for (const name of foreign) {
    const message = `belongs to the WasmPlugin of ${version.otherOwner}; that of ${version.owner} does not have it`;
    problems.name("error", [...spec, name], message);
  }
  checkFields(manifest.spec, spec, version.fields, problems, foreign);
}

/** The entry of that name; none for what is no name, nor for what every object has, such as `constructor`. */
function own<T>(entries: Readonly<Record<string, T>>, name: Json | undefined): T | undefined {
  return typeof name === "string" && Object.hasOwn(entries, name) ? entries[name] : undefined;
}

/**
 * Reports fields that are unknown, or hold something else than they should. An unknown field that looks like a misspelt one
 * is an error, since what it says is lost; another may be one of a newer version, and is a warning.
 */
export function checkFields(
  object: JsonObject,
  path: Path,
  fields: Fields,
  problems: Problems,
  ignored: readonly string[] = [],
): void {
  for (const [name, value] of Object.entries(object)) {
    if (ignored.includes(name)) continue;
    const kind = own(fields, name);
    if (kind === undefined) {
      const likely = nearest(name, Object.keys(fields));
      if (likely === undefined)
        problems.name("warning", [...path, name], "is not a known field and does nothing");
      else problems.name("error", [...path, name], `is not a known field; did you mean ${likely}?`);
    } else {
      checkValue(value, kind, [...path, name], problems);
    }
  }
}

function checkValue(value: Json, kind: Kind, path: Path, problems: Problems): void {
  if (value === null || kind === "any") return;
  const expected =
    typeof kind === "string" ? EXPECTED[kind] : { name: `one of ${kind.join(", ")}`, test: () => false };
  const fits =
    typeof kind === "string" ? EXPECTED[kind].test(value) : typeof value === "string" && kind.includes(value);
  if (!fits) problems.error(path, `expected ${expected.name}, got ${describe(value)}`);
}

const EXPECTED = {
  text: { name: "text", test: (value: Json) => typeof value === "string" },
  number: {
    name: "a whole number",
    test: (value: Json) =>
      typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value)),
  },
  flag: { name: "true or false", test: (value: Json) => typeof value === "boolean" },
  list: { name: "a list", test: (value: Json) => Array.isArray(value) },
  mapping: { name: "a mapping", test: (value: Json) => isObject(value) },
} as const;
