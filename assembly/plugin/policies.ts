import { addressOf, Bytes, bytesOf, EMPTY } from "../bytes/bytes";
import { Selector } from "../config/selector";
import { headerText, HttpSource } from "../request/header-facts";
import { clusterName, routeName } from "../request/route";

const AUTHORITY = bytesOf(":authority");

/**
 * The policies of a plugin configuration: the global one, and those that replace it for some routes, domains or services
 * (`_rules_`). They are replaced as a whole. Streams in flight keep the policy they began with.
 */
@final
export class Policies<P> {
  /** `overrides[i]` applies to requests that `selectors[i]` selects; the first selector that matches wins. */
  private readonly selectors: Selector[] = [];
  private readonly overrides: P[] = [];

  constructor(private readonly global: P | null) {}

  /** Adds a policy that replaces the global one for requests that `selector` selects. */
  add(selector: Selector, policy: P): void {
    this.selectors.push(selector);
    this.overrides.push(policy);
  }

  /** Whether it depends on a request which policy applies. */
  get isScoped(): bool {
    return this.selectors.length > 0;
  }

  /** The policy that applies to a request by its host, route and cluster; null if none does. */
  select(request: HttpSource): P | null {
    if (this.selectors.length == 0) return this.global;
    const host = withoutBlanks(orEmpty(request.header(AUTHORITY)));
    const route = orEmpty(routeName(request));
    const cluster = orEmpty(clusterName(request));
    for (let i = 0; i < this.selectors.length; ++i) {
      if (this.selectors[i].matches(host, route, cluster)) return this.overrides[i];
    }
    return this.global;
  }
}

function withoutBlanks(value: Bytes): Bytes {
  return headerText(addressOf(value), value.byteLength, false);
}

function orEmpty(value: Bytes | null): Bytes {
  return value !== null ? value : EMPTY;
}
