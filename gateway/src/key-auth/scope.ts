import type { StreamState } from "../chain/filter.ts";
import { describe, type JsonObject } from "../config/yaml.ts";
import type { Path, Problems } from "../config/problem.ts";

/** Whether a rule of a plugin's configuration is for a request. */
export type Scope = (stream: StreamState) => boolean;

/**
 * Reads which requests one of `_rules_` is for, as Higress' plugins do: routes, and of these only those to certain services if
 * both are given; else prefixes of routes, else services, else domains.
 */
export function readScope(rule: JsonObject, path: Path, problems: Problems): Scope {
  const list = (field: string): string[] => textsIn(rule, field, path, problems);
  const routes = new Set(list("_match_route_"));
  const prefixes = list("_match_route_prefix_");
  const services = list("_match_service_");
  const domains = list("_match_domain_");
  const isOfService: Scope = ({ info }) =>
    services.some((service) => matchesService(service, info.clusterName));
  if (routes.size > 0) {
    return (stream) => routes.has(stream.info.routeName) && (services.length === 0 || isOfService(stream));
  }
  if (prefixes.length > 0) return ({ info }) => prefixes.some((prefix) => info.routeName.startsWith(prefix));
  if (services.length > 0) return isOfService;
  if (domains.length === 0) problems.error(path, "does not say what it matches");
  return ({ requestHeaders }) => {
    const host = withoutPort(requestHeaders?.get(":authority") ?? "");
    return domains.some((domain) => matchesDomain(domain, host));
  };
}

/** The texts of a list; none if there is no list. */
export function textsIn(object: JsonObject, field: string, path: Path, problems: Problems): string[] {
  const value = object[field];
  return (Array.isArray(value) ? value : []).flatMap((item, index) => {
    if (typeof item === "string" && item !== "") return item;
    problems.error([...path, field, index], `expected text, got ${item === "" ? "none" : describe(item)}`);
    return [];
  });
}

/** Whether `name` or `name:port` is that of a cluster, `outbound|port|subset|name`. */
function matchesService(service: string, cluster: string): boolean {
  const [, port, , name, ...more] = cluster.split("|");
  return name !== undefined && more.length === 0 && (service === name || service === `${name}:${port}`);
}

/** `*` stands at the beginning or at the end of a pattern, for anything. */
function matchesDomain(pattern: string, host: string): boolean {
  if (pattern.startsWith("*")) return host.endsWith(pattern.slice(1));
  return pattern.endsWith("*") ? host.startsWith(pattern.slice(0, -1)) : host === pattern;
}

function withoutPort(authority: string): string {
  return authority.replace(/:\d*$/, "");
}
