import { ASTERISK, COLON, DOT, toLower } from "../bytes/ascii";
import { addressOf, Bytes, lastIndexOf, slice } from "../bytes/bytes";
import { Fields } from "./fields";
import { kindOf, textOfScalar } from "./scalar";
import {
  HostPattern,
  HostSelector,
  hostLength,
  RouteAndServiceSelector,
  RoutePrefixSelector,
  RouteSelector,
  Selector,
  ServiceSelector,
  Wildcard,
} from "./selector";

const ROUTE = "_match_route_";
const DOMAIN = "_match_domain_";
const SERVICE = "_match_service_";
const ROUTE_PREFIX = "_match_route_prefix_";

/** The fields of a rule in `_rules_`, in addition to those of a rate limit. */
export const SELECTOR_FIELDS: string[] = [ROUTE, DOMAIN, SERVICE, ROUTE_PREFIX];

/**
 * Reads the `_match_*_` fields of a rule-level configuration. If there are several, they have the precedence of Higress: routes
 * with services, routes, domains, services, prefixes of routes. A warning names the others.
 * @returns null, with an error, if there is none
 */
export function readSelector(fields: Fields): Selector | null {
  const routes = readTexts(fields, ROUTE, false);
  const domains = readTexts(fields, DOMAIN, true);
  const services = readTexts(fields, SERVICE, false);
  const prefixes = readTexts(fields, ROUTE_PREFIX, false);
  warnOfIgnored(fields, routes.length > 0, domains.length > 0, services.length > 0, prefixes.length > 0);

  if (routes.length > 0) {
    return services.length > 0 ? new RouteAndServiceSelector(routes, services) : new RouteSelector(routes);
  }
  if (domains.length > 0) return new HostSelector(readPatterns(domains, fields));
  if (services.length > 0) return new ServiceSelector(services);
  if (prefixes.length > 0) return new RoutePrefixSelector(prefixes);
  fields.problems.error(fields.path, `needs one of ${ROUTE}, ${DOMAIN}, ${SERVICE}, ${ROUTE_PREFIX}`);
  return null;
}

/** The texts of a list, or of a scalar in its place. Empty ones are left out unless `keepEmpty`. */
function readTexts(fields: Fields, name: string, keepEmpty: bool): Bytes[] {
  const texts: Bytes[] = [];
  const list = fields.list(name);
  for (let i = 0; i < list.length; ++i) {
    const text = textOfScalar(list[i]);
    if (text === null) {
      fields.problems.error(fields.at(name).item(i), `must be a string, is ${kindOf(list[i])}`);
    } else if (text.byteLength > 0 || keepEmpty) {
      texts.push(text);
    }
  }
  return texts;
}

function warnOfIgnored(fields: Fields, route: bool, domain: bool, service: bool, prefix: bool): void {
  const winner = route ? ROUTE : domain ? DOMAIN : SERVICE;
  const ignored: string[] = [];
  if (domain && route) ignored.push(DOMAIN);
  if (service && domain && !route) ignored.push(SERVICE);
  if (prefix && (route || domain || service)) ignored.push(ROUTE_PREFIX);
  for (let i = 0; i < ignored.length; ++i) {
    fields.problems.warning(fields.at(ignored[i]), `does nothing beside ${winner}`);
  }
}

function readPatterns(domains: Bytes[], fields: Fields): HostPattern[] {
  const patterns: HostPattern[] = [];
  for (let i = 0; i < domains.length; ++i) {
    const domain = domains[i];
    const start = addressOf(domain);
    const length = domain.byteLength;
    const front = length > 0 && load<u8>(start) == ASTERISK;
    if (!front && length > 0 && load<u8>(start + length - 1) == ASTERISK) {
      patterns.push(new HostPattern(Wildcard.Back, lower(domain, 0, length - 1)));
      continue;
    }
    const end = hostLength(domain);
    if (end < length && lastIndexOf(domain, COLON) >= end) {
      const message = "has a port, which no host is compared with, so it matches nothing";
      fields.problems.warning(fields.at(DOMAIN).item(i), message);
    }
    // A trailing dot is left out here too, because it is not compared.
    const bare = end == length - 1 && load<u8>(start + end) == DOT ? end : length;
    patterns.push(
      new HostPattern(front ? Wildcard.Front : Wildcard.None, lower(domain, front ? 1 : 0, bare)),
    );
  }
  return patterns;
}

/** The bytes `from` to `to`, with ASCII letters in lower case. */
function lower(text: Bytes, from: i32, to: i32): Bytes {
  const out = slice(text, from, to);
  const ptr = addressOf(out);
  for (let i = 0; i < out.byteLength; ++i) store<u8>(ptr + i, toLower(load<u8>(ptr + i)));
  return out;
}
