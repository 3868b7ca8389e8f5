import type { Address } from "./redis/connection.ts";

/** A value on the command line or in the options that is not what it should be. */
export class OptionError extends Error {}

/**
 * Where the services named in a configuration live. `service_name` and `service_port` arrive here as a
 * cluster name, `outbound|<port>||<name>`, or as any other name a filter calls.
 */
export class ServiceDirectory {
  private readonly addresses: ReadonlyMap<string, Address>;

  /**
   * `services` maps `name` or `name:port` to `host:port`; the longer form wins. `fallback` answers for every
   * other name.
   * @throws OptionError for an address that is not `host:port`.
   */
  constructor(
    services: Readonly<Record<string, string>>,
    private readonly fallback?: Address,
  ) {
    this.addresses = new Map(
      Object.entries(services).map(([name, address]) => [name, parseAddress(address, `service ${name}`)]),
    );
  }

  readonly resolve = (cluster: string): Address | undefined => {
    const [, port, , name] = /^outbound\|(\d*)\|([^|]*)\|(.+)$/.exec(cluster) ?? [];
    if (name === undefined) return this.addresses.get(cluster) ?? this.fallback;
    return this.addresses.get(`${name}:${port}`) ?? this.addresses.get(name) ?? this.fallback;
  };
}

/** Reads `host:port` (or `[v6]:port`). */
export function parseAddress(text: string, what: string): Address {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || port > 65535 || port === 0)
    throw new OptionError(`${what}: expected host:port, got ${JSON.stringify(text)}`);
  return { host, port };
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
