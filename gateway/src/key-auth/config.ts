import { ConfigurationRefused } from "../chain/filter.ts";
import { isValidHeader } from "../chain/header-map.ts";
import { checkFields, type Fields } from "../config/manifest-fields.ts";
import { formatPath, Problems, type Path } from "../config/problem.ts";
import { describe, isObject, type Json, type JsonObject } from "../config/yaml.ts";
import { readScope, textsIn, type Scope } from "./scope.ts";

/** Somebody who may call, and where their credentials are looked for. */
export interface Consumer {
  readonly name: string;
  /** One char per byte, as header values. */
  readonly credentials: ReadonlySet<string>;
  readonly source: Source;
}

/** Names of headers, of query parameters, or of both. */
export interface Source {
  readonly keys: readonly string[];
  readonly inHeader: boolean;
  readonly inQuery: boolean;
}

/** Who may call at all. */
export interface Authentication {
  readonly consumers: readonly Consumer[];
  readonly realm: string;
}

/** What a rule asks of the requests that it is for: one of these consumers, or consumers of its own. */
export interface Rule {
  readonly applies: Scope;
  readonly allow: ReadonlySet<string> | null;
  readonly authentication: Authentication | null;
}

export interface KeyAuthConfig {
  /** Whether requests that no rule is for must be authenticated. */
  readonly isGlobal: boolean;
  readonly authentication: Authentication;
  readonly rules: readonly Rule[];
}

const DEFAULT_REALM = "MSE Gateway";
const NOBODY: Authentication = { consumers: [], realm: DEFAULT_REALM };
const EVERYWHERE: Source = { keys: [], inHeader: true, inQuery: true };

const SOURCE: Fields = { keys: "list", in_header: "flag", in_query: "flag" };
const CONSUMER: Fields = { ...SOURCE, name: "text", credential: "text", credentials: "list" };
const AUTHENTICATION: Fields = { ...SOURCE, consumers: "list", realm: "text" };
const INSTANCE: Fields = { ...AUTHENTICATION, global_auth: "flag", _rules_: "list" };
const RULE: Fields = {
  ...AUTHENTICATION,
  allow: "list",
  _match_route_: "list",
  _match_route_prefix_: "list",
  _match_service_: "list",
  _match_domain_: "list",
};

/**
 * Reads the published configuration of key-auth.
 * @param json with `matchRules` as `_rules_`
 * @param warn called with each warning
 * @throws ConfigurationRefused with every mistake; no line repeats a credential
 */
export function readConfig(json: string, warn: (line: string) => void): KeyAuthConfig {
  const problems = new Problems();
  const config = readInstance(JSON.parse(json) as JsonObject, problems);
  const lines = problems.list.map(({ severity, path, message }) => ({
    isError: severity === "error",
    text: `${formatPath(path)}: ${message}`,
  }));
  const errors = lines.filter(({ isError }) => isError).map(({ text }) => text);
  if (errors.length > 0) throw new ConfigurationRefused(errors);
  for (const { text } of lines) warn(text);
  return config;
}

function readInstance(config: JsonObject, problems: Problems): KeyAuthConfig {
  checkFields(config, [], INSTANCE, problems);
  const rules = listIn(config, "_rules_").map((item, index) => readRule(item, ["_rules_", index], problems));
  const needsConsumers = rules.length === 0 || rules.some(({ allow }) => allow !== null);
  const hasConsumers = "consumers" in config || needsConsumers;
  return {
    isGlobal: flagIn(config, "global_auth") ?? rules.length === 0,
    authentication: hasConsumers ? readAuthentication(config, [], problems) : NOBODY,
    rules,
  };
}

function readRule(item: Json, path: Path, problems: Problems): Rule {
  const rule = mappingAt(item, path, problems);
  checkFields(rule, path, RULE, problems);
  const applies = readScope(rule, path, problems);
  if ("consumers" in rule) {
    if ("allow" in rule) problems.error([...path, "allow"], "cannot stand beside consumers");
    return { applies, allow: null, authentication: readAuthentication(rule, path, problems) };
  }
  if (!("allow" in rule)) problems.error([...path, "allow"], "is missing");
  return { applies, allow: new Set(textsIn(rule, "allow", path, problems)), authentication: null };
}

function readAuthentication(config: JsonObject, path: Path, problems: Problems): Authentication {
  const items = listIn(config, "consumers");
  if (items.length === 0) problems.error([...path, "consumers"], "needs at least one consumer");
  const realm = textIn(config, "realm") ?? DEFAULT_REALM;
  checkHeader(realm, [...path, "realm"], problems);
  const source = readSource(config, path, EVERYWHERE, problems);
  const known = new Set<string>();
  const consumers = items.map((item, index) =>
    readConsumer(item, [...path, "consumers", index], source, known, problems),
  );
  return { consumers, realm };
}

/** @param known the credentials of other consumers, to which these are added */
function readConsumer(
  item: Json,
  path: Path,
  fallback: Source,
  known: Set<string>,
  problems: Problems,
): Consumer {
  const consumer = mappingAt(item, path, problems);
  checkFields(consumer, path, CONSUMER, problems);
  const name = textIn(consumer, "name");
  if (name === undefined) problems.error([...path, "name"], "is missing");
  checkHeader(name ?? "", [...path, "name"], problems);
  const source = readSource(consumer, path, fallback, problems);
  if (source.keys.length === 0) problems.error([...path, "keys"], "is missing, here and for all consumers");
  const credentials = readCredentials(consumer, path, problems);
  for (const credential of credentials) {
    if (known.has(credential)) problems.error(path, "has a credential that is there more than once");
    known.add(credential);
  }
  return { name: name ?? "", source, credentials: new Set(credentials) };
}

function readCredentials(consumer: JsonObject, path: Path, problems: Problems): string[] {
  const one = textIn(consumer, "credential");
  const several = textsIn(consumer, "credentials", path, problems);
  if ((one === undefined) === (several.length === 0))
    problems.error(path, "needs either credential or credentials");
  return [...(one === undefined ? [] : [one]), ...several].map(bytesOf);
}

function readSource(object: JsonObject, path: Path, fallback: Source, problems: Problems): Source {
  const keys = "keys" in object ? textsIn(object, "keys", path, problems).map(bytesOf) : fallback.keys;
  const inHeader = flagIn(object, "in_header") ?? fallback.inHeader;
  const inQuery = flagIn(object, "in_query") ?? fallback.inQuery;
  if (!inHeader && !inQuery) problems.error(path, "one of in_header and in_query must be true");
  return { keys, inHeader, inQuery };
}

function checkHeader(value: string, path: Path, problems: Problems): void {
  if (!isValidHeader("name", bytesOf(value))) problems.error(path, "cannot be sent in a header");
}

function mappingAt(item: Json, path: Path, problems: Problems): JsonObject {
  if (isObject(item)) return item;
  problems.error(path, `expected a mapping, got ${describe(item)}`);
  return {};
}

// What a field holds instead has been said by `checkFields`.

function listIn(object: JsonObject, field: string): Json[] {
  const value = object[field];
  return Array.isArray(value) ? value : [];
}

function flagIn(object: JsonObject, field: string): boolean | undefined {
  const value = object[field];
  return typeof value === "boolean" ? value : undefined;
}

/** `undefined` for an empty one too. */
function textIn(object: JsonObject, field: string): string | undefined {
  const value = object[field];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** One char per byte, as in what comes over the wire. */
function bytesOf(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
