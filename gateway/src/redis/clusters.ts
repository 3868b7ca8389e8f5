import type { HostServices } from "../wasm/services.ts";
import { RedisStatus, Status } from "../wasm/types.ts";
import { RedisConnection, type Address, type ConnectionOptions } from "./connection.ts";

const DEFAULTS = { username: "", password: "", database: 0, timeout: 1000 };
const CONNECT_TIMEOUT_MS = 5000;
const EMPTY = Buffer.alloc(0);

interface Cluster {
  options: ConnectionOptions;
  connection: RedisConnection | null;
}

/**
 * The Redis host calls of Higress. Credentials, database and timeout belong to the cluster, so whoever calls
 * redis_init last decides them for all; a call works without any init.
 */
export class RedisClusters {
  private readonly clusters = new Map<string, Cluster>();
  private inFlight = 0;
  private isClosed = false;
  private onIdle: () => void = () => {};

  /** `resolve` gives the address behind a cluster name, `undefined` if there is no such cluster. */
  constructor(private readonly resolve: (cluster: string) => Address | undefined) {}

  readonly init: HostServices["redis"]["init"] = (service, username, password, timeout) => {
    const [name, query = ""] = splitQuery(service);
    const cluster = this.find(name);
    if (cluster === undefined) return Status.BadArgument;
    const database = Number(new URLSearchParams(query).get("db") ?? 0) || 0;
    cluster.options = {
      ...cluster.options,
      username,
      password,
      database,
      timeout: timeout > 0 ? timeout : DEFAULTS.timeout,
    };
    cluster.connection?.close();
    return Status.Ok;
  };

  readonly call: HostServices["redis"]["call"] = (service, query, reply) => {
    const cluster = this.find(splitQuery(service)[0]);
    if (cluster === undefined) return Status.BadArgument;
    // A connection that nobody closes any more would keep the process from ending.
    if (this.isClosed) return Status.InternalFailure;
    const connection = (cluster.connection ??= this.connect(cluster));
    this.inFlight++;
    connection.send(query, (bytes) => {
      if (bytes === null) reply(RedisStatus.NetworkError, EMPTY);
      else reply(RedisStatus.Ok, bytes);
      // Only now: the filter may have called again.
      if (--this.inFlight === 0) this.onIdle();
    });
    return Status.Ok;
  };

  /** Resolves when no call is in flight; the calls' timeouts bound it. */
  async idle(): Promise<void> {
    if (this.inFlight > 0) await new Promise<void>((resolve) => (this.onIdle = resolve));
  }

  /** Closes every connection for good; calls in flight fail, as later ones do. */
  close(): void {
    this.isClosed = true;
    for (const { connection } of this.clusters.values()) connection?.close();
  }

  private find(name: string): Cluster | undefined {
    const known = this.clusters.get(name);
    if (known !== undefined) return known;
    const address = this.resolve(name);
    if (address === undefined) return undefined;
    const cluster = {
      options: { ...DEFAULTS, address, connectTimeout: CONNECT_TIMEOUT_MS },
      connection: null,
    };
    this.clusters.set(name, cluster);
    return cluster;
  }

  private connect(cluster: Cluster): RedisConnection {
    const connection = new RedisConnection(cluster.options, () => {
      if (cluster.connection === connection) cluster.connection = null;
    });
    return connection;
  }
}

function splitQuery(service: string): [name: string, query: string | undefined] {
  const at = service.indexOf("?");
  return at < 0 ? [service, undefined] : [service.slice(0, at), service.slice(at + 1)];
}
