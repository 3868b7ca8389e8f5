import { readFile } from "node:fs/promises";
import type { Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import { Registry } from "prom-client";
import { createAdmin } from "./admin.ts";
import { ChainStream } from "./chain/chain.ts";
import { redisServices, toPluginJson, type ConfigInput } from "./config/load.ts";
import { GatewayMetrics } from "./gateway-metrics.ts";
import { accessLogFields } from "./http/access-log.ts";
import { HttpCallouts } from "./http/callout.ts";
import { InFlight } from "./http/in-flight.ts";
import { closeServer, listen } from "./http/listen.ts";
import { createProxy } from "./http/proxy.ts";
import { Upstream } from "./http/upstream.ts";
import { logGuestLine, silentLogger, toLogLevel } from "./log.ts";
import { RedisClusters } from "./redis/clusters.ts";
import { probe } from "./redis/probe.ts";
import { formatAddress, OptionError, parseAddress, ServiceDirectory } from "./services.ts";
import { FilterHost } from "./wasm/filter-host.ts";
import { GuestMetrics } from "./wasm/metrics.ts";
import type { HostServices } from "./wasm/services.ts";
import { SharedData } from "./wasm/shared-data.ts";
import { LogLevel } from "./wasm/types.ts";

export interface GatewayOptions {
  /** YAML text or object: a WasmPlugin manifest or the bare configuration. */
  readonly config: ConfigInput;
  /** The filter: a path or its bytes. Default `build/ai-token-ratelimit.wasm`. */
  readonly wasm?: string | Uint8Array;
  /** Where requests go: an http or https URL. */
  readonly upstream: string;
  /** Certificate authorities (PEM) that the upstream may be certified by, beside the usual ones. */
  readonly upstreamCa?: string;
  /** Milliseconds until a connection to the upstream must stand; default 5000. */
  readonly connectTimeoutMs?: number;
  /** `host:port` of the Redis behind every service that `services` does not name. Default `127.0.0.1:6379`. */
  readonly redis?: string;
  /** Addresses (`host:port`) of services by `name` or `name:port`. */
  readonly services?: Readonly<Record<string, string>>;
  /** Where the gateway listens, a name or an address of this machine; default `127.0.0.1`. The admin port stays there. */
  readonly host?: string;
  /** 0, the default, is any free port. */
  readonly port?: number;
  readonly adminPort?: number;
  /** The property route_name; default `default`. */
  readonly route?: string;
  /** The property cluster_name; default `outbound|80||upstream.static`. */
  readonly cluster?: string;
  readonly logger?: Logger;
  /** Every line the filter logs, before the log level applies. */
  readonly onGuestLog?: (level: LogLevel, message: string) => void;
  /** Nanoseconds since the epoch, for the filter; default the system's clock. */
  readonly now?: () => bigint;
  /** Bytes of a body that a paused filter may hold; default 1 MiB. */
  readonly bufferLimit?: number;
}

export interface Gateway {
  /** Base URL of the data plane. */
  readonly url: string;
  /** Base URL of the admin port. */
  readonly adminUrl: string;
  /** The text that `/metrics` serves. */
  metrics(): Promise<string>;
  /** Streams under way end on the configuration they began with. Throws as startGateway, and then changes nothing. */
  reconfigure(config: ConfigInput): void;
  /**
   * Takes no new connections, lets requests under way end, for at most `graceMs` (default 5000), and cuts the others off.
   * Then what they consumed is counted, for at most `settleMs` (default 3000).
   */
  close(graceMs?: number, settleMs?: number): Promise<void>;
}

export const DEFAULT_WASM = fileURLToPath(new URL("../../build/ai-token-ratelimit.wasm", import.meta.url));
const DEFAULT_REDIS = "127.0.0.1:6379";
const DEFAULT_CLUSTER = "outbound|80||upstream.static";
const DEFAULT_BUFFER_LIMIT = 1024 * 1024;
/** As Envoy's. */
const DEFAULT_CONNECT_TIMEOUT_MS = 5000;
const DEFAULT_GRACE_MS = 5000;
/** Enough for a command that Redis does not answer, and for its repetition. */
const DEFAULT_SETTLE_MS = 3000;
const SHUTDOWN_DETAILS = "gateway_shutdown";
const PROBE_TIMEOUT_MS = 1000;
const IDENTITY = { pluginName: "ai-token-ratelimit", rootId: "", vmId: "" };

/**
 * Starts a gateway with the filter between its port and the upstream.
 * @throws ConfigError for a configuration that is not one, ConfigurationRefused if the filter refuses it,
 *   ModuleRejected if the wasm cannot run, OptionError for anything else in the options.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const logger = options.logger ?? silentLogger();
  const registry = new Registry();
  const gatewayMetrics = new GatewayMetrics(registry);
  const upstream = new Upstream(options.upstream, {
    ca: options.upstreamCa,
    connectTimeoutMs: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
  });
  const pluginJson = toPluginJson(options.config);
  const fallback = parseAddress(options.redis ?? DEFAULT_REDIS, "redis");
  const services = options.services ?? {};
  const directory = new ServiceDirectory(services, fallback);
  const module = await compile(options.wasm ?? DEFAULT_WASM);

  const redis = new RedisClusters(directory.resolve);
  const http = new HttpCallouts(new ServiceDirectory(services));
  const host = hostServices(options, logger, registry, redis, http);
  const filter = new FilterHost(module, IDENTITY, host, pluginJson, (trap) => {
    gatewayMetrics.traps.inc();
    logger.error(trap, `the filter trapped in ${trap.where}: ${trap.message}; its VM is being replaced`);
  });

  const inFlight = new InFlight();
  const proxy = createProxy({
    upstream,
    inFlight,
    routeName: options.route ?? "default",
    clusterName: options.cluster ?? DEFAULT_CLUSTER,
    bufferLimit: options.bufferLimit ?? DEFAULT_BUFFER_LIMIT,
    createStream: (io) => new ChainStream([filter], io),
    onEnd: (summary) => {
      gatewayMetrics.observe(summary);
      logger.info(accessLogFields(summary), "request");
    },
  });
  const admin = createAdmin(registry);
  const parts = { proxy, admin, inFlight, filter, redis, http, upstream };

  try {
    const url = await listen(proxy, options.port ?? 0, "gateway", options.host);
    const adminUrl = await listen(admin, options.adminPort ?? 0, "admin");
    await reportServices(pluginJson, directory, logger);
    return {
      url,
      adminUrl,
      metrics: () => registry.metrics(),
      reconfigure: (config) => filter.reconfigure(toPluginJson(config)),
      close: (graceMs = DEFAULT_GRACE_MS, settleMs = DEFAULT_SETTLE_MS) =>
        close(parts, logger, graceMs, settleMs),
    };
  } catch (error) {
    proxy.close();
    admin.close();
    release(parts);
    throw error;
  }
}

/** What the filter needs of the gateway around it. */
function hostServices(
  options: GatewayOptions,
  logger: Logger,
  registry: Registry,
  redis: RedisClusters,
  http: HttpCallouts,
): HostServices {
  return {
    now: options.now ?? (() => BigInt(Date.now()) * 1_000_000n),
    log: (level: LogLevel, message: string) => {
      options.onGuestLog?.(level, message);
      logGuestLine(logger, level, message);
    },
    // The filter may keep quiet below this level; who listens to its lines wants all of them.
    logLevel: options.onGuestLog ? LogLevel.Trace : toLogLevel(logger),
    metrics: new GuestMetrics(registry),
    sharedData: new SharedData(),
    redis,
    http,
  };
}

/** What a gateway that runs is made of. */
interface Parts {
  readonly proxy: Server;
  readonly admin: Server;
  readonly inFlight: InFlight;
  readonly filter: FilterHost;
  readonly redis: RedisClusters;
  readonly http: HttpCallouts;
  readonly upstream: Upstream;
}

async function close(parts: Parts, logger: Logger, graceMs: number, settleMs: number): Promise<void> {
  const { proxy, admin, inFlight, redis, filter } = parts;
  inFlight.isClosing = true;
  const cutOff = (): void => {
    const count = inFlight.interruptAll(SHUTDOWN_DETAILS);
    if (count > 0) logger.warn(`cut off because they had not ended in time: ${count}`);
  };
  await Promise.all([closeServer(proxy, graceMs, cutOff), closeServer(admin, graceMs)]);
  // An exchange may learn later than the server that its connection is closed.
  inFlight.interruptAll(SHUTDOWN_DETAILS);
  const settled = redis.idle().then(() => filter.finish());
  await withinMs(settled, settleMs);
  release(parts);
}

/** Lets go of everything but the servers. */
function release({ filter, redis, http, upstream }: Parts): void {
  filter.close();
  redis.close();
  http.close();
  upstream.close();
}

/** Waits for `work`, but no longer than `ms`. */
async function withinMs(work: Promise<void>, ms: number): Promise<void> {
  const abort = new AbortController();
  const timeout = sleep(ms, undefined, { signal: abort.signal }).catch(() => {});
  await Promise.race([work, timeout]);
  abort.abort();
}

/** Compiles the filter; its path or bytes. */
export async function compile(wasm: string | Uint8Array): Promise<WebAssembly.Module> {
  const bytes = typeof wasm === "string" ? await readWasm(wasm) : wasm;
  try {
    return await WebAssembly.compile(bytes as BufferSource);
  } catch (error) {
    const name = typeof wasm === "string" ? wasm : "wasm";
    throw new OptionError(`${name}: not a WebAssembly module: ${(error as Error).message}`);
  }
}

async function readWasm(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch {
    throw new OptionError(`${path}: no such module; run \`make build\`, or name one with --wasm`);
  }
}

/** Says where each Redis of the configuration is, and warns about one that does not answer. */
async function reportServices(
  pluginJson: string,
  directory: ServiceDirectory,
  logger: Logger,
): Promise<void> {
  for (const { name, port } of redisServices(pluginJson)) {
    const address = directory.resolve(`outbound|${port}||${name}`);
    if (address === undefined) continue;
    const where = `${name}:${port} at ${formatAddress(address)}`;
    const problem = await probe(address, PROBE_TIMEOUT_MS);
    if (problem === null) logger.info(`Redis ${where}`);
    else logger.warn(`Redis ${where} cannot be reached (${problem}): requests will pass unlimited`);
  }
}
