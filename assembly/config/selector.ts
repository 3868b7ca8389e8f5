import { COLON, DOT, equalsIgnoreCase, PIPE, RIGHT_BRACKET } from "../bytes/ascii";
import { addressOf, Bytes, equals, equalsAt, indexOf, lastIndexOf, startsWith } from "../bytes/bytes";

/** Selects the requests to which a rule-level configuration (`_rules_` of Higress) applies. */
export abstract class Selector {
  /**
   * @param host the `:authority` header
   * @param route the name of the route
   * @param cluster the name of the cluster that the route leads to, `outbound|443||qwen.dns`
   */
  abstract matches(host: Bytes, route: Bytes, cluster: Bytes): bool;
}

/** `_match_route_`: one of these routes. */
@final
export class RouteSelector extends Selector {
  constructor(private readonly routes: Bytes[]) {
    super();
  }

  matches(host: Bytes, route: Bytes, cluster: Bytes): bool {
    return contains(this.routes, route);
  }
}

/** `_match_route_` with `_match_service_`: one of these routes, leading to one of these services. */
@final
export class RouteAndServiceSelector extends Selector {
  constructor(
    private readonly routes: Bytes[],
    private readonly services: Bytes[],
  ) {
    super();
  }

  matches(host: Bytes, route: Bytes, cluster: Bytes): bool {
    return contains(this.routes, route) && leadsToOneOf(this.services, cluster);
  }
}

/** `_match_route_prefix_`: a route whose name begins with one of these. */
@final
export class RoutePrefixSelector extends Selector {
  constructor(private readonly prefixes: Bytes[]) {
    super();
  }

  matches(host: Bytes, route: Bytes, cluster: Bytes): bool {
    for (let i = 0; i < this.prefixes.length; ++i) {
      if (startsWith(route, this.prefixes[i])) return true;
    }
    return false;
  }
}

/** `_match_service_`: a route that leads to one of these services. */
@final
export class ServiceSelector extends Selector {
  constructor(private readonly services: Bytes[]) {
    super();
  }

  matches(host: Bytes, route: Bytes, cluster: Bytes): bool {
    return leadsToOneOf(this.services, cluster);
  }
}

/**
 * `_match_domain_`: a host that matches one of these patterns. Its port, letter case, and the dot at the end of a fully qualified
 * name are ignored: `A.com.:8080` is `a.com`.
 */
@final
export class HostSelector extends Selector {
  constructor(private readonly patterns: HostPattern[]) {
    super();
  }

  matches(host: Bytes, route: Bytes, cluster: Bytes): bool {
    const ptr = addressOf(host);
    const length = hostLength(host);
    for (let i = 0; i < this.patterns.length; ++i) {
      if (this.patterns[i].fits(ptr, length)) return true;
    }
    return false;
  }
}

export const enum Wildcard {
  /** `a.com`: this host. */
  None,
  /** `*.a.com`: hosts that end with `.a.com`; `*` alone is every host. */
  Front,
  /** `a.*`: hosts that begin with `a.`. */
  Back,
}

/** A pattern with which a host is compared. */
@final
export class HostPattern {
  constructor(
    private readonly wildcard: Wildcard,
    /** The pattern without `*`, in lower case, without a dot at the end of the host. */
    private readonly text: Bytes,
  ) {}

  /** Whether the host in the `length` bytes at `host`, without its port, matches. */
  fits(host: usize, length: i32): bool {
    const more = length - this.text.byteLength;
    if (more < 0 || (this.wildcard == Wildcard.None && more > 0)) return false;
    const from = this.wildcard == Wildcard.Front ? more : 0;
    return equalsIgnoreCase(host + from, this.text.byteLength, this.text);
  }
}

/** The length of the host in an authority, without the port and a final dot. */
export function hostLength(authority: Bytes): i32 {
  let length = authority.byteLength;
  const colon = lastIndexOf(authority, COLON);
  // A colon inside the brackets of [2001:db8::1] does not begin a port.
  if (colon > lastIndexOf(authority, RIGHT_BRACKET)) length = colon;
  return length > 1 && load<u8>(addressOf(authority) + length - 1) == DOT ? length - 1 : length;
}

function contains(list: Bytes[], wanted: Bytes): bool {
  for (let i = 0; i < list.length; ++i) {
    if (equals(list[i], wanted)) return true;
  }
  return false;
}

/** Whether a cluster `direction|port|subset|host` belongs to one of the services, given as `host` or `host:port`. */
function leadsToOneOf(services: Bytes[], cluster: Bytes): bool {
  const first = indexOf(cluster, PIPE);
  const second = first < 0 ? -1 : indexOf(cluster, PIPE, first + 1);
  const third = second < 0 ? -1 : indexOf(cluster, PIPE, second + 1);
  if (third < 0 || indexOf(cluster, PIPE, third + 1) >= 0) return false;
  const start = addressOf(cluster);
  const host = start + third + 1;
  const hostLength = cluster.byteLength - third - 1;
  const port = start + first + 1;
  const portLength = second - first - 1;
  for (let i = 0; i < services.length; ++i) {
    const service = services[i];
    if (equalsAt(host, hostLength, service)) return true;
    const text = addressOf(service);
    if (
      service.byteLength == hostLength + 1 + portLength &&
      memory.compare(text, host, hostLength) == 0 &&
      load<u8>(text + hostLength) == COLON &&
      memory.compare(text + hostLength + 1, port, portLength) == 0
    ) {
      return true;
    }
  }
  return false;
}
